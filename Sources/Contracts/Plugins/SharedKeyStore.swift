/// A store that other processes change too. The kernel then trusts its cache only under a lease.
public protocol SharedKeyStore: KeyStore {
  /// The first `limit` entries after `position` that are visible now, in order. Synchronous, on a connection and
  /// a queue of its own, called every quarter of the lease: must be cheap when nothing changed. Must throw when
  /// it can't tell.
  func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark]
}
