/// Where a node's chain of the access log begins and ends.
public struct AccessHead: Sendable, Equatable {
  /// The node whose chain it is.
  public let node: String
  /// The last entry's position, pruned ones counted; 0 before the first.
  public var position: Int64
  /// The last record of the node's source that is in the log.
  public var sequence: Int64
  /// The last entry's hash.
  public var hash: Digest256
  /// The last entry that was pruned, 0 if none was: what remains begins after it.
  public var basePosition: Int64
  /// The hash that the first remaining entry continues.
  public var baseHash: Digest256

  public init(
    node: String, position: Int64, sequence: Int64, hash: Digest256, basePosition: Int64,
    baseHash: Digest256
  ) {
    self.node = node
    self.position = position
    self.sequence = sequence
    self.hash = hash
    self.basePosition = basePosition
    self.baseHash = baseHash
  }

  /// Whether its rows were imported from another system: `import:<source>` is no node's name.
  public var isForeign: Bool { node.utf8.starts(with: "import:".utf8) }

  /// The head of a node that has no entry yet.
  public static func empty(_ node: String) -> AccessHead {
    AccessHead(
      node: node, position: 0, sequence: 0, hash: .zero, basePosition: 0, baseHash: .zero)
  }
}
