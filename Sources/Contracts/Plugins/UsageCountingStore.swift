/// A store that counts what its access log says of a key.
///
/// Promises (the conformance kit checks each):
/// - what is counted are the entries of the key whose action is among ``UsageQuery/actions`` and whose time lies from
///   `since` to before `until`; each counts as often as its ``AccessEntry/count`` says.
/// - an entry's day is that of UTC, its path the one in its payload. Without a payload, or with one that names no
///   path, it has none.
///
/// Threading: from any task, many at once.
public protocol UsageCountingStore: AccessLogStore {
  /// What the access log says of a key: see above what is counted.
  func usage(_ query: UsageQuery) async throws(StoreError) -> UsageCounts
}
