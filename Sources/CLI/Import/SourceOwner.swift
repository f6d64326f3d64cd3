import CardeaContracts

/// An owner as the source has it.
struct SourceOwner: Hashable {
  var kind: OwnerRecord.Kind
  var name: String
  var maxKeys = -1
  /// Whether the source marks it as inactive.
  var isInactive = false
  var createdAt: Timestamp?
  var members: [String] = []

  var reference: OwnerReference { OwnerReference(kind: kind, name: name) }
}
