/// Parses and builds tokens.
///
/// Promises: no I/O; exactly one accepted spelling per token; what `build` makes, `parse` reads back; at
/// most one accepted format claims a byte string; any other byte string is `nil`, never a trap.
///
/// Threading: synchronous, from any thread.
public protocol TokenFormat: Plugin {
  /// What a key remembers and settings name: `keysmith`.
  var name: String { get }
  /// The parts of a token, or `nil` if these bytes are none of this format's (checksum included).
  func parse(_ token: Span<UInt8>) -> ParsedToken?
  /// A fresh token, or one under an existing prefix.
  func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken
}

/// What a token's bytes tell: the prefix under which its key is kept, and the part that is hashed.
public struct ParsedToken: Sendable, Equatable {
  public let prefix: Prefix
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

/// What a token is to be made of.
public struct TokenRequest: Sendable {
  /// 1 to 246 bytes of printable ASCII without `:`.
  public let namespace: String
  /// Characters of the identifier.
  public let identifierLength: Int
  /// Characters of the secret, 16 to 128.
  public let secretLength: Int
  /// The prefix to keep, when a key is rotated.
  public let prefix: String?
  /// Source of randomness.
  public let primitives: any Primitives

  public init(
    namespace: String, identifierLength: Int, secretLength: Int, prefix: String? = nil,
    primitives: any Primitives
  ) {
    self.namespace = namespace
    self.identifierLength = identifierLength
    self.secretLength = secretLength
    self.prefix = prefix
    self.primitives = primitives
  }
}

/// A token just made.
public struct BuiltToken: Sendable {
  /// The whole string that the client will send.
  public let token: Secret
  public let prefix: String
  /// The part that is hashed.
  public let secret: Secret

  public init(token: Secret, prefix: String, secret: Secret) {
    self.token = token
    self.prefix = prefix
    self.secret = secret
  }
}

/// Why a format can't build a token.
public enum FormatError: Error, Sendable, Equatable {
  /// A setting is outside what the format can write.
  case invalid(field: String, reason: String)
}

extension TokenFormat {
  public func register(in registry: inout Registry) { registry.add(format: self) }
}
