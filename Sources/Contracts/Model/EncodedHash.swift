/// A self-describing hash, `algorithm$params$salt$digest`, as the store keeps it.
///
/// It prints its algorithm only: an offline guess at a secret starts from the rest.
public struct EncodedHash: Sendable, Equatable, CustomStringConvertible {
  /// The whole encoded string.
  public let encoded: String

  public init(_ encoded: String) { self.encoded = encoded }

  /// What stands before the first `$`: names the hasher that can verify it.
  public var algorithm: String {
    String(Substring(encoded.utf8.prefix { $0 != UInt8(ascii: "$") }))
  }

  /// The parts between `$`, the algorithm first.
  public var fields: [Substring] {
    encoded.split(separator: "$", omittingEmptySubsequences: false)
  }

  /// What it takes to verify the hash: the algorithm and, where that works under a pepper, the pepper's version.
  /// Such an algorithm's name begins with `hmac_`, and its first parameter is the version: `hmac_sha256$v1`.
  public var scheme: String {
    guard encoded.utf8.starts(with: "hmac_".utf8) else { return algorithm }
    let fields = fields
    guard fields.count > 1 else { return algorithm }
    return "\(fields[0])$\(fields[1])"
  }

  public var description: String { "<\(algorithm) hash>" }
}
