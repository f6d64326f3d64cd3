/// An owner by name, kind `user` unless given.
public struct OwnerReference: Sendable, Hashable {
  public var kind: OwnerRecord.Kind
  /// Compared byte for byte.
  public var name: String

  public init(kind: OwnerRecord.Kind = .user, name: String) {
    self.kind = kind
    self.name = name
  }

  // Not as texts: two that Unicode takes for the same are two owners in every store.
  public static func == (one: Self, other: Self) -> Bool {
    one.kind == other.kind && one.name.utf8.elementsEqual(other.name.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    for byte in name.utf8 { hasher.combine(byte) }
  }
}
