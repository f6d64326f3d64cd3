#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was used since the last flush: each reading of a token once, however often it was used.
///
/// Threading: any thread.
final class UsageLedger: Sendable {
  private let used = Locked<[KnownToken]>([])

  @inline(__always)
  func note(_ token: KnownToken, at now: Timestamp) {
    if token.noteUse(at: now) { used.withLock { $0.append(token) } }
  }

  /// Everything gathered, one figure per secret, and an empty ledger.
  func take() -> [KeyUsage] {
    let list = used.withLock { list in
      defer { list = [] }
      return list
    }
    var merged: [UUID: KeyUsage] = [:]
    for usage in list.compactMap({ $0.takeUsage() }) {
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
}
