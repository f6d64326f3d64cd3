/// How full the kernel is right now: what is asked for at intervals, where a ``KernelMeter`` is told.
public struct KernelFigures: Sendable {
  /// Tokens in memory that match a secret, and those of existing keys that match none.
  public let cachedMatches: Int
  public let cachedMismatches: Int
  public let hashPool: HashPool
  /// The subscriptions of listeners and of the host, in the order in which they were made; not the inline ones,
  /// which are never behind.
  public let subscriptions: [SubscriptionFigures]
  /// Authentications in spools that the store's access log does not have yet.
  public let waitingAccesses: Int
  /// Whether the store did not take what spools held when they were last drained.
  public let isAccessLogStuck: Bool
  /// Of the nodes that share the store; `nil` if it knows of none.
  public let nodes: NodeFigures?

  /// The threads that run slow hashes.
  public struct HashPool: Sendable, Equatable {
    public let width: Int
    public let running: Int
    public let waiting: Int
    /// How many were refused since the start: the queue was full, or their turn did not come in time.
    public let refused: Int64
    /// Whether the next one would be refused, or push another out of the queue.
    public let isFull: Bool
  }
}

/// How far a subscription is behind.
public struct SubscriptionFigures: Sendable, Equatable {
  /// The id that it was made under.
  public let id: String
  /// The wire name of what it receives.
  public let signal: String
  /// Signals in its mailbox, or between its cursor and the log's end; `nil` of a stream, where there is no
  /// telling.
  public let waiting: Int?
  /// Signals that it did not get: they did not fit, or were given up on.
  public let dropped: Int64
  /// Whether it does not get on: the signal that it was handed last failed and is to be tried again, or keeps it busy
  /// for longer than ``KernelConfiguration/listenerDeadline``.
  public let isStuck: Bool

  /// Signals that are many to wait for one subscription: whoever reads them learns of a revocation late.
  public static let manyWaiting = 1_000

  /// Whether more than that wait.
  public var isBehind: Bool { waiting.map { $0 > SubscriptionFigures.manyWaiting } ?? false }

  public init(id: String, signal: String, waiting: Int?, dropped: Int64, isStuck: Bool = false) {
    self.id = id
    self.signal = signal
    self.waiting = waiting
    self.dropped = dropped
    self.isStuck = isStuck
  }
}

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
