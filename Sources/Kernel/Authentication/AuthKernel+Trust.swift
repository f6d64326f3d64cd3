extension AuthKernel {
  /// Whether what is known is current and, where others share the store, confirmed within the lease: by
  /// the poll, or by a reading that began less than a lease ago on a process that receipts wait for.
  @inline(__always)
  func isTrusted(_ token: KnownToken, readBegan: UInt64?) -> Bool {
    trustEnd(of: token, readBegan: readBegan) > 0
  }

  /// The same, and the monotonic time up to which a verdict on it may be given out whatever happens meanwhile: 0 if it is
  /// not trusted.
  @inline(__always)
  func trustEnd(of token: KnownToken, readBegan: UInt64?) -> UInt64 {
    guard isShared else { return stamps.isCurrent(token.stamp) ? .max : 0 }
    // In this order: the lease's end, the stamp, the clock (``LeaseKeeper/end``; model/lease.pml).
    guard let lease, case let end = lease.end, stamps.isCurrent(token.stamp) else { return 0 }
    let now = time.monotonic()
    let length = configuration.lease.nanoseconds
    if let readBegan, now &- readBegan < length {
      return lease.admitsReadings(at: now, leaseEnd: end) ? readBegan &+ length : 0
    }
    return now < end ? end : 0
  }

  /// Whether what is read now counts: before the start nothing does that others may change.
  var admitsReadings: Bool {
    guard let lease else { return !isShared }
    return lease.admitsReadings(at: time.monotonic(), leaseEnd: lease.end)
  }

  /// Whether a key may be served from memory although the store can't be reached (`cache.max_stale`).
  func isServedStale(_ token: KnownToken) -> Bool { staleEnd(of: token) > 0 }

  /// Up to when it may be, as ``trustEnd(of:readBegan:)``.
  func staleEnd(of token: KnownToken) -> UInt64 {
    guard configuration.maxStale > .zero, let end = lease?.end, end > 0,
      stamps.isCurrent(token.stamp)
    else { return 0 }
    let (sum, isTooLate) = end.addingReportingOverflow(configuration.maxStale.nanoseconds)
    let until = isTooLate ? .max : sum
    return time.monotonic() < until ? until : 0
  }
}
