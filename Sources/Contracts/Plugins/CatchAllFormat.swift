/// A format for tokens of other systems that have no shape of their own, such as bare random keys.
///
/// It is asked only for bytes that no other accepted format claims, so however much it takes, at most one
/// accepted format claims a byte string. What it claims says little: beside a token of another format, such a
/// candidate is set aside (see ``CredentialExtractor``). Without `token.accept` it is accepted from the moment
/// that the store holds a key of it. At most one may be registered. It issues nothing, so a key of it that is
/// rotated moves to another format.
public protocol CatchAllFormat: TokenFormat {
  /// What stands before `_` in the prefix of every key of this format.
  var namespace: String { get }
}

extension CatchAllFormat {
  /// Always throws.
  public func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken {
    throw .invalid(
      field: "format",
      reason: "\(name) only reads what another system made; name another format to issue or rotate")
  }
}
