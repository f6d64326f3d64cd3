/// What to change of a key; `nil` leaves a field as it is.
public struct KeyEdit: Sendable {
  public var name: String?
  public var description: String?
  public var keyClass: String?
  public var scopes: [String]?
  /// `.standard` is not taken here.
  public var expiry: Expiry?
  public var metadata: [String: JSONValue]?

  public init() {}
}
