/// The subscribers of a topic as they were at one time, in order of subscription.
///
/// Not generic: who publishes without knowing the type of the signals would have to ask the runtime for that of the
/// list, which takes longer than all the rest.
///
/// Threading: immutable; any thread.
// @unchecked: what the references refer to is `Sendable`.
final class SubscriberList: @unchecked Sendable {
  let subscribers: [any AnyObject & Sendable]
  /// The same again: who holds on to the list holds on to each of them, without counting its references.
  private let references: [Unmanaged<AnyObject>]

  init(_ subscribers: [any AnyObject & Sendable]) {
    self.subscribers = subscribers
    references = subscribers.map { Unmanaged.passUnretained($0) }
  }

  @inline(__always)
  func forEach(_ body: (AnyObject) -> Void) {
    withExtendedLifetime(self) {
      for reference in references { reference._withUnsafeGuaranteedRef(body) }
    }
  }
}
