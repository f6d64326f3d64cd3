import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was used since it was written last: each reading of a token once, however often it was used.
///
/// Threading: any thread.
@usableFromInline
package final class UsageLedger: Sendable {
  private struct State: Sendable {
    var used: [KnownToken] = []
    var unwritten: [KeyUsage] = []
  }

  /// Secrets of which more is kept than could be written: some ten megabytes.
  private static let mostUnwritten = 100_000
  private let state = Locked(State())

  package init() {}

  /// `true` if it is the token's first use since the last ``take()``.
  @inlinable
  @inline(__always)
  package func note(_ token: KnownToken, at now: Timestamp) -> Bool {
    guard token.noteUse(at: now) else { return false }
    add(token)
    return true
  }

  @usableFromInline
  package func add(_ token: KnownToken) { state.withLock { $0.used.append(token) } }

  /// Everything gathered, one figure per secret, and an empty ledger.
  package func take() -> [KeyUsage] {
    let taken = state.withLock { state in
      defer { state = State() }
      return state
    }
    var merged: [UUID: KeyUsage] = [:]
    for usage in taken.unwritten + taken.used.compactMap({ $0.takeUsage() }) {
      guard let earlier = merged[usage.secretID] else {
        merged[usage.secretID] = usage
        continue
      }
      var addresses = earlier.addresses
      addresses.formUnion(usage.addresses)
      merged[usage.secretID] = KeyUsage(
        prefix: usage.prefix, secretID: usage.secretID, count: earlier.count + usage.count,
        lastUsedAt: max(earlier.lastUsedAt, usage.lastUsedAt), addresses: addresses)
    }
    return Array(merged.values)
  }

  /// Takes back what could not be written, for the next ``take()``; beyond a bound it is lost.
  package func giveBack(_ usages: [KeyUsage]) {
    state.withLock { state in
      let room = max(0, UsageLedger.mostUnwritten - state.unwritten.count)
      state.unwritten += usages.prefix(room)
    }
  }
}
