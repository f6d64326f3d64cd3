/// What is known of a change once it is acknowledged: where it stands in the signal log, and by when
/// every node obeys it.
public struct Receipt: Sendable, Equatable {
  /// The position of the change's signal in the signal log.
  public let position: Int64
  /// Nodes that obey it already.
  public let confirmed: [String]
  /// Nodes that will obey it, and by when, those among them that have been silent for long: what a node has read just
  /// before the change may count for a lease, with or without a poll.
  public package(set) var pending: [Pending]
  /// Milliseconds after which no process allows on the old record: 0 if nobody shares the store, else the
  /// longest lease of those who do.
  public let boundMilliseconds: Int64
  /// Whether the store did not say which nodes there are, or was not asked: ``pending`` names none then, although there may
  /// be some, and what holds is ``boundMilliseconds``, by the leases that were seen last. Never for a store without nodes.
  public var isPartial: Bool
  /// When the change was acknowledged: what leases are counted from.
  package let acknowledged: Moment
  /// Whether this process made the change, and so obeys it.
  package let isOwn: Bool

  package init(
    position: Int64, confirmed: [String], pending: [Pending], boundMilliseconds: Int64,
    isPartial: Bool = false, acknowledged: Moment, isOwn: Bool
  ) {
    self.position = position
    self.confirmed = confirmed
    self.pending = pending
    self.boundMilliseconds = boundMilliseconds
    self.isPartial = isPartial
    self.acknowledged = acknowledged
    self.isOwn = isOwn
  }

  /// A node that may not obey yet.
  public struct Pending: Sendable, Equatable {
    /// ``NodeCard/name``.
    public let node: String
    /// From then on it allows nothing on the old record, whether it has heard of the change or not.
    public let by: Timestamp
    package let lease: Duration

    package init(node: String, by: Timestamp, lease: Duration) {
      self.node = node
      self.by = by
      self.lease = lease
    }
  }

  /// A moment on both clocks.
  package struct Moment: Sendable, Equatable {
    package let wall: Timestamp
    package let monotonic: UInt64

    package init(wall: Timestamp, monotonic: UInt64) {
      self.wall = wall
      self.monotonic = monotonic
    }
  }
}

extension Receipt: Encodable {
  private enum CodingKeys: String, CodingKey {
    case position, confirmed, pending
    case boundMilliseconds = "bound_ms"
    case isPartial = "partial"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(position, forKey: .position)
    try container.encode(confirmed, forKey: .confirmed)
    try container.encode(pending, forKey: .pending)
    try container.encode(boundMilliseconds, forKey: .boundMilliseconds)
    if isPartial { try container.encode(true, forKey: .isPartial) }
  }
}

extension Receipt.Pending: Encodable {
  private enum CodingKeys: String, CodingKey { case node, by }
}
