/// What to change of a key; `nil` leaves a field as it is.
public struct KeyEdit: Sendable {
  /// As ``NewKey/name``.
  public var name: String?
  /// As ``NewKey/description``.
  public var description: String?
  /// As ``NewKey/keyClass``.
  public var keyClass: String?
  /// All that it is to hold; `[]` is none at all.
  public var scopes: [String]?
  /// `.standard` is not taken here.
  public var expiry: Expiry?
  /// All of it, as ``NewKey/metadata``.
  public var metadata: [String: JSONValue]?

  public init() {}
}
