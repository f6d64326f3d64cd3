/// An owner by name, kind `user` unless given.
public struct OwnerReference: Sendable, Hashable {
  public var kind: OwnerRecord.Kind
  /// Compared byte for byte.
  public var name: String

  public init(kind: OwnerRecord.Kind = .user, name: String) {
    self.kind = kind
    self.name = name
  }
}
