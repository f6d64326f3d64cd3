import CardeaContracts

/// A key as the source has it, in our words.
struct SourceKey {
  /// How messages name the row. Never a key or a hash.
  var row: String
  /// What its id is derived from, so that the same row has the same id in every import.
  var seed: String
  var prefix: String
  var name: String
  var description = ""
  var kind = KeyRecord.Kind.user
  var keyClass = "default"
  var owner: OwnerReference?
  var scopes: [String] = []
  var status = KeyRecord.Status.active
  var format: String
  var hash: String
  var createdAt: Timestamp?
  var expiresAt: Timestamp?
  var lastUsedAt: Timestamp?
  var metadata: [String: JSONValue] = [:]
  /// What people are to be told of the row.
  var notes: [String] = []
}
