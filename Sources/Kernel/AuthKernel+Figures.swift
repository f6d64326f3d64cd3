extension AuthKernel {
  /// How full caches, queues and mailboxes are. Cheap enough to ask for every second.
  public func figures() -> KernelFigures {
    let sinks: [any Plugin] = auditSinks + asyncAuditSinks
    let spools = sinks.compactMap { $0 as? any AccessSpool }
    let cached = cache.counts
    return KernelFigures(
      cachedMatches: cached.matches, cachedMismatches: cached.mismatches,
      hashPool: pool.figures, subscriptions: signals.figures(),
      waitingAccesses: spools.flatMap(\.sources).reduce(0) { $0 + $1.waiting },
      isAccessLogStuck: accessLog?.isStuck ?? false, nodes: nodeFigures())
  }
}
