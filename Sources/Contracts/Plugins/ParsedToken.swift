/// What a token's bytes tell: the prefix under which its key is kept, and the part that is hashed.
public struct ParsedToken: Sendable, Equatable {
  /// What the key is looked up by.
  public let prefix: Prefix
  /// Where the secret stands in the token's bytes.
  public let secret: Range<Int>

  /// How a token names its key.
  public enum Prefix: Sendable, Equatable {
    /// The prefix stands in the token, there.
    case part(Range<Int>)
    /// The format's own namespace, `_`, and what the token begins with, up to there: `drf_` and `5mmvDmAi`.
    case beginning(Int, namespace: String)
    /// The format's own namespace, `_`, and the first 32 hexadecimal digits of SHA-256 of the whole token.
    case digest(namespace: String)
  }

  public init(prefix: Prefix, secret: Range<Int>) {
    self.prefix = prefix
    self.secret = secret
  }

  public init(prefix: Range<Int>, secret: Range<Int>) {
    self.init(prefix: .part(prefix), secret: secret)
  }
}
