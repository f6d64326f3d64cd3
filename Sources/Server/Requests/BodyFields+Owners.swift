import CardeaContracts
import CardeaHTTPTypes

extension BodyFields {
  /// The names of ``newOwner()``.
  static let newOwner: Set<String> = [
    "name", "kind", "max_keys", "metadata", "members", "with_key",
  ]

  /// What a new owner is to be.
  func newOwner() throws(Problem) -> NewOwner {
    var new = NewOwner(
      kind: try choice("kind", as: OwnerRecord.Kind.self) ?? .user,
      name: try requiredString("name"), maxKeys: try integer("max_keys"))
    new.metadata = try object("metadata") ?? [:]
    new.members = try strings("members") ?? []
    new.firstKey = try fields("with_key", known: BodyFields.newKey)?.newKey()
    return new
  }

  /// The names of ``ownerEdit()``.
  static let ownerEdit: Set<String> = ["max_keys", "metadata", "members"]

  /// What is to change of an owner.
  func ownerEdit() throws(Problem) -> OwnerEdit {
    var edit = OwnerEdit()
    edit.maxKeys = try integer("max_keys")
    edit.metadata = try object("metadata")
    edit.members = try strings("members")
    return edit
  }
}
