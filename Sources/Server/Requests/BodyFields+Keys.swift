import CardeaContracts
import CardeaHTTPTypes

extension BodyFields {
  /// The names of ``newKey()``.
  static let newKey: Set<String> = [
    "name", "description", "kind", "class", "scopes", "expires_in", "expires_at", "metadata",
  ]

  /// What a new key is to be, apart from its owner.
  func newKey() throws(Problem) -> NewKey {
    var new = NewKey(name: try requiredString("name"))
    new.description = try string("description") ?? ""
    new.kind = try choice("kind", as: KeyRecord.Kind.self) ?? .user
    new.keyClass = try string("class") ?? "default"
    new.scopes = try strings("scopes")
    new.expiry = try expiry() ?? .standard
    new.metadata = try object("metadata") ?? [:]
    return new
  }

  /// The names of ``keyEdit()``.
  static let keyEdit: Set<String> = [
    "name", "description", "class", "scopes", "expires_in", "expires_at", "metadata",
  ]

  /// What is to change of a key.
  func keyEdit() throws(Problem) -> KeyEdit {
    var edit = KeyEdit()
    edit.name = try string("name")
    edit.description = try string("description")
    edit.keyClass = try string("class")
    edit.scopes = try strings("scopes")
    edit.expiry = try expiry()
    edit.metadata = try object("metadata")
    return edit
  }

  /// The names of ``keyQuery(at:)``, and `owner`.
  static let keyFilter: Set<String> = [
    "owner", "state", "kind", "class", "scope", "prefix", "created", "expires", "older_than",
    "unused_since", "metadata", "query",
  ]

  /// Which keys are meant, apart from their owner.
  func keyQuery(at now: Timestamp) throws(Problem) -> KeyQuery {
    var query = KeyQuery(now: now)
    query.state = try choice("state", as: KeyState.self)
    query.kind = try choice("kind", as: KeyRecord.Kind.self)
    query.keyClass = try string("class")
    query.scope = try string("scope")
    query.prefix = try condition("prefix")
    query.text = try condition("query")
    if let created = try string("created") {
      (query.createdFrom, query.createdBefore) = try QueryFields.span("created", created)
    }
    if let expires = try string("expires") {
      (query.expiresFrom, query.expiresBefore) = try QueryFields.span("expires", expires)
    }
    if let moment = try moment("older_than", at: now) {
      query.createdBefore = min(moment, query.createdBefore ?? moment)
    }
    query.unusedBefore = try moment("unused_since", at: now)
    query.metadata = try texts("metadata") ?? [:]
    return query
  }

  /// A text that every key would fit if it were empty.
  private func condition(_ name: String) throws(Problem) -> String? {
    guard let text = try string(name) else { return nil }
    guard !text.isEmpty else { throw Problem.invalid(name, "must not be empty") }
    return text
  }

  private func moment(_ name: String, at now: Timestamp) throws(Problem) -> Timestamp? {
    guard let text = try string(name) else { return nil }
    guard let moment = Timestamp(text, before: now) else {
      throw Problem.invalid(name, "must be a duration such as 90d, or a time")
    }
    return moment
  }

  /// `overlap` and `format`.
  func rotation() throws(Problem) -> Rotation {
    var rotation = Rotation()
    if let overlap = try duration("overlap") {
      guard let duration = overlap.duration else {
        throw Problem.invalid("overlap", "must be a duration of at most 7d")
      }
      rotation.overlap = duration
    }
    rotation.format = try string("format")
    return rotation
  }
}
