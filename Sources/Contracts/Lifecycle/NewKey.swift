/// What a new key is to be.
public struct NewKey: Sendable {
  /// 1 to 128 characters.
  public var name: String
  /// At most 1,024 bytes.
  public var description = ""
  public var kind: KeyRecord.Kind = .user
  /// 1 to 64 bytes of printable ASCII without spaces.
  public var keyClass = "default"
  /// Who it belongs to; one who does not exist is made, unless `keys.owner_must_exist`. `nil` is nobody.
  public var owner: OwnerReference?
  /// `nil` takes the default scopes; `[]` is none at all.
  public var scopes: [String]?
  /// When it ends; never later than the acting key.
  public var expiry: Expiry = .standard
  /// At most 4 KiB as JSON.
  public var metadata: [String: JSONValue] = [:]
  /// The name of the format to build the token in; `nil` takes the configured one.
  public var format: String?
  /// The same claim again within 24 hours is refused: a token is never repeated.
  public var idempotency: IdempotencyClaim?

  public init(name: String) { self.name = name }
}
