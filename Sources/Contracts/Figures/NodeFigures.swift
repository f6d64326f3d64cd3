/// How the nodes of a store are, as far as this process knows.
public struct NodeFigures: Sendable, Equatable {
  /// Nodes that trust their caches, this one among them.
  public let alive: Int
  /// Positions of the signal log that this process has not applied.
  public let behind: Int64
  /// How far this machine's clock is ahead of the store's; negative if it is behind, `nil` before the first poll.
  public let clockDifference: Duration?

  package init(alive: Int, behind: Int64, clockDifference: Duration?) {
    self.alive = alive
    self.behind = behind
    self.clockDifference = clockDifference
  }
}
