/// What a new owner is to be.
public struct NewOwner: Sendable {
  public var kind: OwnerRecord.Kind
  /// As ``OwnerRecord/name``.
  public var name: String
  /// `nil` takes `keys.max_per_owner`; -1 is unlimited.
  public var maxKeys: Int?
  /// At most 4 KiB as JSON.
  public var metadata: [String: JSONValue] = [:]
  /// The names of the users who belong to it, if it is an organization.
  public var members: [String] = []
  /// A key to issue with it, in one transaction; its `owner` is not looked at. `nil` follows `owners.first_key`.
  public var firstKey: NewKey?

  public init(kind: OwnerRecord.Kind = .user, name: String, maxKeys: Int? = nil) {
    self.kind = kind
    self.name = name
    self.maxKeys = maxKeys
  }
}
