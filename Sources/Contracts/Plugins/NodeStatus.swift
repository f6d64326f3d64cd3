/// What the store knows of a node.
public struct NodeStatus: Sendable, Equatable {
  /// As it introduced itself.
  public let node: NodeCard
  /// The position up to which the node has applied the signal log.
  public let applied: Int64
  /// How long ago the node polled at least, by the store's clock; less where the store may have forgotten its last polls
  /// in a crash. Past its lease it trusts its cache no more.
  public let silence: Duration

  /// Whether it may still trust its cache.
  public var isAlive: Bool { silence <= node.lease }

  public init(node: NodeCard, applied: Int64, silence: Duration) {
    self.node = node
    self.applied = applied
    self.silence = silence
  }
}
