/// What to change of an owner; `nil` leaves a field as it is.
public struct OwnerEdit: Sendable {
  /// As ``NewOwner/maxKeys``.
  public var maxKeys: Int?
  /// All of it.
  public var metadata: [String: JSONValue]?
  /// All of them.
  public var members: [String]?

  public init() {}
}
