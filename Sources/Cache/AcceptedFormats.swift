import Synchronization

/// The formats that are accepted, and which of them claims a token.
///
/// The catch-all, if there is one, is asked last. Unless the settings name it, it sleeps until the store is known
/// to hold a key of it: before that it would claim every stranger's credential for nothing.
///
/// Threading: any thread.
package final class AcceptedFormats: Sendable {
  /// Every format there is, accepted or not.
  package let registered: [any TokenFormat]
  /// Those accepted with a shape of their own, the preferred one first.
  package let shaped: [any TokenFormat]
  package let catchAll: (any CatchAllFormat)?
  /// Knows the tokens of every format: one that is not accepted now may be tomorrow.
  package let redaction: TokenRedaction
  /// The same for ids of requests, which may be names.
  package let redactionOfIDs: TokenRedaction
  /// The same for what clients draw at random, and may put a name before.
  package let redactionOfRandom: TokenRedaction
  private let isAwake: Atomic<Bool>

  /// - Parameters:
  ///   - registered: every format there is.
  ///   - preferred: the name of the one that builds new tokens.
  ///   - accepted: the names of those that are accepted besides; empty for every one, the catch-all once it is
  ///     needed.
  package init(_ registered: [any TokenFormat], preferred: String, accepted: [String]) {
    self.registered = registered
    redaction = TokenRedaction(registered)
    redactionOfIDs = redaction.taking(unchecked: .tokenIfRandom)
    redactionOfRandom = redaction.taking(unchecked: .noToken)
    let chosen = registered.filter {
      accepted.isEmpty || $0.name == preferred || accepted.contains($0.name)
    }
    let others = chosen.filter { !($0 is any CatchAllFormat) }
    shaped = others.filter { $0.name == preferred } + others.filter { $0.name != preferred }
    let last = chosen.lazy.compactMap { $0 as? any CatchAllFormat }.first
    catchAll = last
    isAwake = Atomic(accepted.contains { $0 == last?.name })
  }

  /// What a format makes of a token, and whether it is one with a shape of its own.
  package struct Claim {
    let parsed: ParsedToken
    package let isShaped: Bool
  }

  /// The claim of the only format that claims these bytes.
  package func parse(_ bytes: UnsafeRawBufferPointer) -> Claim? {
    let span = Span<UInt8>(_bytes: RawSpan(_unsafeBytes: bytes))
    for format in shaped {
      guard let parsed = format.parse(span) else { continue }
      return parsed.fits(bytes.count) ? Claim(parsed: parsed, isShaped: true) : nil
    }
    guard let catchAll, isAwake.load(ordering: .relaxed), let parsed = catchAll.parse(span),
      parsed.fits(bytes.count)
    else { return nil }
    return Claim(parsed: parsed, isShaped: false)
  }

  /// The catch-all, as long as it is not accepted.
  package var sleeper: (any CatchAllFormat)? { isAwake.load(ordering: .relaxed) ? nil : catchAll }

  /// A key of this prefix is in the store.
  package func note(prefix: String) {
    guard let namespace = sleeper?.namespace.utf8, prefix.utf8.starts(with: namespace),
      prefix.utf8.dropFirst(namespace.count).first == UInt8(ascii: "_")
    else { return }
    wake()
  }

  package func wake() { isAwake.store(true, ordering: .relaxed) }
}
