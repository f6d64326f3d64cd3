/// A key with the owner that it belongs to, as one read of the store finds them.
public struct StoredKey: Sendable, Equatable {
  public var key: KeyRecord
  /// `nil` if the key has none.
  public var owner: OwnerRecord?

  public init(key: KeyRecord, owner: OwnerRecord? = nil) {
    self.key = key
    self.owner = owner
  }
}
