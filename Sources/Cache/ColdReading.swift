/// What one reading of the store found for a token that memory was not enough for.
package struct ColdReading: Sendable {
  /// By the monotonic clock.
  package let began: UInt64
  package let found: Found
  /// Whether whoever read was told to stop meanwhile.
  let wasCancelled: Bool

  package init(began: UInt64, found: Found, wasCancelled: Bool) {
    self.began = began
    self.found = found
    self.wasCancelled = wasCancelled
  }

  package enum Found: Sendable {
    case entry(KnownToken)
    case denied(Denial.Reason)
    case unreachable
  }

  /// Whether it answers a request that came while it was under way. Of an unknown key it does not, which may have been
  /// made since; nor if the store was not reached by somebody who was told to stop.
  package func says(of token: PresentedToken) -> Bool {
    switch found {
    case .entry(let known): known.has(prefix: token.prefix)
    case .denied(let reason): reason != .unknown
    case .unreachable: !wasCancelled
    }
  }
}
