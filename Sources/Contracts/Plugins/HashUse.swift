/// How many secrets of keys that are neither revoked nor purged need a scheme to be verified.
public struct HashUse: Sendable, Equatable {
  /// ``EncodedHash/scheme``.
  public let scheme: String
  /// How many secrets have it.
  public let count: Int

  public init(scheme: String, count: Int) {
    self.scheme = scheme
    self.count = count
  }
}
