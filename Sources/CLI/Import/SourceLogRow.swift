import CardeaContracts

/// A row of the log that another system kept of its keys, in our words.
struct SourceLogRow {
  var action: String
  var at: Timestamp
  var reason: String?
  var status: Int
  /// The key that it is about: what the key's id is derived from.
  var key: (seed: String, createdAt: Timestamp)?
  var prefix: String?
  var payload: AccessPayload
}
