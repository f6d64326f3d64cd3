/// A self-describing hash, `algorithm$params$salt$digest`, as the store keeps it.
///
/// It prints its algorithm only: an offline guess at a secret starts from the rest.
public struct EncodedHash: Sendable, Equatable, CustomStringConvertible {
  /// The whole encoded string.
  public let encoded: String

  public init(_ encoded: String) { self.encoded = encoded }

  /// What stands before the first `$`: names the hasher that can verify it.
  public var algorithm: String {
    String(encoded.prefix { $0 != "$" })
  }

  /// The parts between `$`, the algorithm first.
  public var fields: [Substring] {
    encoded.split(separator: "$", omittingEmptySubsequences: false)
  }

  public var description: String { "<\(algorithm) hash>" }
}
