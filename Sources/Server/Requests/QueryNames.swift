/// The names of query items that the server reads itself. No extractor may read a token from one.
package enum QueryNames {
  /// Of `/auth`: what is required.
  static let auth: Set<String> = ["scope", "any_scope", "class"]
  /// Of `GET /v1/keys`.
  static let keys: Set<String> = [
    "owner", "owner_kind", "state", "kind", "class", "scope", "created", "expires", "older_than",
    "unused_since", "prefix", "query", "sort", "cursor", "limit",
  ]
  /// What begins the name of a filter on a metadata field: `metadata.team`.
  static let metadata = "metadata."

  /// Of changes whose answer can wait until every node obeys them.
  static let changes: Set<String> = ["wait"]
  /// Of `GET /v1/keys/{id}/usage`.
  static let usage: Set<String> = ["days"]

  /// Of `GET /v1/owners`.
  static let owners: Set<String> = ["kind", "name", "member", "cursor", "limit"]
  /// Of `GET /v1/audit`.
  static let audit: Set<String> = [
    "key", "prefix", "owner", "action", "path", "method", "status", "address", "user_agent",
    "since", "until", "cursor", "limit",
  ]
  /// Of `GET /v1/signals`.
  static let signals: Set<String> = ["name", "key", "prefix", "owner"]
  /// Of `GET /v1/webhooks/{id}/dead-letters`.
  static let deadLetters: Set<String> = ["after", "limit"]

  /// Of the pages' lists, besides what the calls have.
  static let pages: Set<String> = ["before"]

  /// Every one of them.
  package static let all = auth.union(keys).union(changes).union(usage).union(owners).union(audit)
    .union(signals).union(deadLetters).union(pages)
}
