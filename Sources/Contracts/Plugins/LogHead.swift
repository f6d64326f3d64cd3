/// The end of the log: how far it goes, and the hash that the next entry continues. The position is the
/// count of entries too, since positions have no gaps.
public struct LogHead: Sendable, Equatable {
  /// That of the last entry; 0 in an empty log.
  public let position: Int64
  /// That of the last entry; zero in an empty log.
  public let hash: Digest256

  public init(position: Int64, hash: Digest256) {
    self.position = position
    self.hash = hash
  }

  /// The head of an empty log.
  public static let empty = LogHead(position: 0, hash: .zero)
}
