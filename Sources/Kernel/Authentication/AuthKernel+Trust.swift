extension AuthKernel {
  /// Whether what is known is current and, where others share the store, confirmed within the lease: by
  /// the poll, or by a reading that began less than a lease ago on a process that receipts wait for.
  @inline(__always)
  func isTrusted(_ token: KnownToken, readBegan: UInt64?) -> Bool {
    guard isShared else { return stamps.isCurrent(token.stamp) }
    // In this order: the lease's end, the stamp, the clock (``LeaseKeeper/end``; model/lease.pml).
    let end = lease?.end ?? 0
    guard stamps.isCurrent(token.stamp) else { return false }
    let now = time.monotonic()
    if let readBegan, now &- readBegan < configuration.lease.nanoseconds {
      return lease?.admitsReadings(at: now, leaseEnd: end) ?? true
    }
    return now < end
  }

  /// Whether what is read now counts.
  var admitsReadings: Bool {
    guard let lease else { return true }
    return lease.admitsReadings(at: time.monotonic(), leaseEnd: lease.end)
  }

  /// Whether a key may be served from memory although the store can't be reached (`cache.max_stale`).
  func isServedStale(_ token: KnownToken) -> Bool {
    guard configuration.maxStale > .zero, let end = lease?.end, stamps.isCurrent(token.stamp)
    else { return false }
    let grace = configuration.maxStale.nanoseconds
    let now = time.monotonic()
    return (now > grace ? now - grace : 0) < end
  }
}
