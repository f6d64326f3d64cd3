#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// How often a key was presented and what came of it, as the access log has it: without what its tier does not
  /// record, what was pruned, and the last second or so, which has yet to be moved to the store.
  /// - Parameters:
  ///   - id: the key's.
  ///   - days: so many days of UTC, at most ``mostUsageDays``, today the last of them.
  public func usage(of id: UUID, days: Int) async throws(LifecycleError) -> KeyUsageReport {
    guard (1...AuthKernel.mostUsageDays).contains(days) else {
      throw .invalid(
        field: "days", reason: "must be a whole number from 1 to \(AuthKernel.mostUsageDays)")
    }
    guard let store = try logStore() as? any UsageCountingStore else {
      throw .failed("the store does not count what its access log says")
    }
    let stored = try await key(id)
    let now = time.now().milliseconds
    let day: Int64 = 86_400_000
    let until = now - (now % day + day) % day + day
    let query = UsageQuery(
      keyID: stored.key.id, since: Timestamp(milliseconds: until - Int64(days) * day),
      until: Timestamp(milliseconds: until), mostPaths: AuthKernel.mostUsagePaths)
    let counts = try await inStore { () async throws(StoreError) in try await store.usage(query) }
    return KeyUsageReport(key: stored, since: query.since, until: query.until, counts: counts)
  }

  /// The longest range that usage is counted for, in days.
  public static let mostUsageDays = 366
  /// How many paths usage tells apart.
  static let mostUsagePaths = 20
}
