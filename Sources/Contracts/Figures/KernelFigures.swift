/// How full the kernel is right now: what is asked for at intervals, where a ``KernelMeter`` is told.
public struct KernelFigures: Sendable {
  /// Tokens in memory that match a secret, and those of existing keys that match none.
  public let cachedMatches: Int
  public let cachedMismatches: Int
  /// How busy the threads for slow hashes are.
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

  package init(
    cachedMatches: Int, cachedMismatches: Int, hashPool: HashPool,
    subscriptions: [SubscriptionFigures], waitingAccesses: Int, isAccessLogStuck: Bool,
    nodes: NodeFigures?
  ) {
    self.cachedMatches = cachedMatches
    self.cachedMismatches = cachedMismatches
    self.hashPool = hashPool
    self.subscriptions = subscriptions
    self.waitingAccesses = waitingAccesses
    self.isAccessLogStuck = isAccessLogStuck
    self.nodes = nodes
  }

  /// The threads that run slow hashes.
  public struct HashPool: Sendable, Equatable {
    /// How many threads there are.
    public let width: Int
    /// Hashes that run now.
    public let running: Int
    /// Hashes that wait for a thread.
    public let waiting: Int
    /// How many were refused since the start: the queue was full, or their turn did not come in time.
    public let refused: Int64
    /// Whether the next one would be refused, or push another out of the queue.
    public let isFull: Bool

    package init(width: Int, running: Int, waiting: Int, refused: Int64, isFull: Bool) {
      self.width = width
      self.running = running
      self.waiting = waiting
      self.refused = refused
      self.isFull = isFull
    }
  }
}
