/// What to change of an owner; `nil` leaves a field as it is.
public struct OwnerEdit: Sendable {
  public var maxKeys: Int?
  public var metadata: [String: JSONValue]?
  public var members: [String]?

  public init() {}
}
