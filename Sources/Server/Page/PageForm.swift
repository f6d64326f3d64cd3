import CardeaContracts
import CardeaHTTPTypes

/// The fields of a form as a browser sends it.
struct PageForm: Sendable {
  private let items: [(name: String, value: String)]

  init(_ type: FieldValue, _ bytes: [UInt8]) throws(PageFault) {
    guard case .one(let type) = type, MediaTypeName(type) == .form,
      let text = String(validating: bytes, as: UTF8.self), let items = FormItems(form: text).all()
    else { throw .notAForm }
    self.items = items
  }

  static let empty = PageForm()

  private init() { items = [] }

  /// The first value under that name; empty without any.
  subscript(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }

  /// Every value under that name, in order.
  func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

  func has(_ name: String) -> Bool { items.contains { $0.name == name } }

  /// A value without the blanks around it; `nil` if nothing is left.
  func text(_ name: String) -> String? {
    let value = self[name].trimmed
    return value.isEmpty ? nil : value
  }

  /// The words of a value: names of scopes or of members.
  func words(_ name: String) -> [String] {
    self[name].split { $0.isWhitespace }.map(String.init)
  }
}

extension PageForm {
  /// What a form for a new key says, as the members of the body of `POST /v1/keys`.
  func newKey() throws(Problem) -> BodyFields {
    var members = try shared()
    members["kind"] = text("kind").map { .string($0) }
    if has("no_scopes") {
      members["scopes"] = .array([])
    } else if text("scopes") != nil {
      members["scopes"] = .array(words("scopes").map { .string($0) })
    }
    if let owner = text("owner") {
      let kind = text("owner_kind") ?? OwnerRecord.Kind.user.rawValue
      members["owner"] = .object(["kind": .string(kind), "name": .string(owner)])
    }
    return try BodyFields(members, known: BodyFields.newKey.union(["owner"]))
  }

  /// What an owner's own form for a new key says. Class and metadata are nothing that owners choose: routes and limits
  /// go by them.
  func ownKey() throws(Problem) -> BodyFields {
    var members = try shared()
    members["class"] = nil
    members["metadata"] = nil
    members["scopes"] = .array(words("scopes").map { .string($0) })
    return try BodyFields(members, known: BodyFields.newKey)
  }

  /// What a form for a key says, as the members of the body of `PATCH /v1/keys/{id}`: only what it changes.
  func keyEdit(of key: KeyRecord) throws(Problem) -> BodyFields {
    var members = try shared()
    if members["description"] == nil { members["description"] = .string("") }
    if members["metadata"] == nil { members["metadata"] = .object([:]) }
    if ScopeSet(words("scopes")) != key.scopes {
      members["scopes"] = .array(words("scopes").map { .string($0) })
    }
    let current: [String: JSONValue] = [
      "name": .string(key.name), "description": .string(key.description),
      "class": .string(key.keyClass), "metadata": .object(key.metadata),
    ]
    for (name, value) in current where members[name] == value { members[name] = nil }
    return try BodyFields(members, known: BodyFields.keyEdit)
  }

  private func shared() throws(Problem) -> [String: JSONValue] {
    var members: [String: JSONValue] = ["name": .string(self["name"].trimmed)]
    members["description"] = text("description").map { .string($0) }
    members["class"] = text("class").map { .string($0) }
    members["metadata"] = try object("metadata").map { .object($0) }
    if let expires = text("expires") {
      if DurationText(expires) != nil {
        members["expires_in"] = .string(expires)
      } else if Timestamp(rfc3339: expires) != nil {
        members["expires_at"] = .string(expires)
      } else {
        throw Problem.invalid(
          "expires", "must be a duration such as 90d, a time such as 2027-01-31T12:00:00Z, or never"
        )
      }
    }
    return members
  }

  /// What a form to rotate a key says, as the body of `POST /v1/keys/{id}/rotate`.
  func rotation() throws(Problem) -> BodyFields {
    let overlap: [String: JSONValue] =
      text("overlap").map { ["overlap": .string($0)] } ?? [:]
    return try BodyFields(overlap, known: ["overlap"])
  }

  /// What a form for an owner says, as the body of `POST /v1/owners`.
  func newOwner() throws(Problem) -> BodyFields {
    var members = try ownerFields()
    members["name"] = .string(self["name"].trimmed)
    members["kind"] = text("kind").map { .string($0) }
    if words("members").isEmpty { members["members"] = nil }
    return try BodyFields(members, known: BodyFields.newOwner)
  }

  /// What a form for an owner says, as the body of `PATCH /v1/owners/{id}`.
  func ownerEdit(of owner: OwnerRecord) throws(Problem) -> BodyFields {
    var members = try ownerFields()
    if members["metadata"] == nil { members["metadata"] = .object([:]) }
    if owner.kind != .organization { members["members"] = nil }
    return try BodyFields(members, known: BodyFields.ownerEdit)
  }

  private func ownerFields() throws(Problem) -> [String: JSONValue] {
    var members: [String: JSONValue] = ["members": .array(words("members").map { .string($0) })]
    members["metadata"] = try object("metadata").map { .object($0) }
    if let text = text("max_keys") {
      guard let number = text == "-1" ? -1 : DecimalText.parse(text.utf8) else {
        throw Problem.invalid("max_keys", "must be a whole number; -1 is any number of keys")
      }
      members["max_keys"] = .integer(Int64(number))
    }
    return members
  }

  /// A JSON object; `nil` without any text.
  private func object(_ name: String) throws(Problem) -> [String: JSONValue]? {
    guard let text = text(name) else { return nil }
    let value: JSONValue
    do { value = try JSONReader.read(Array(text.utf8)) } catch {
      throw Problem.invalid(name, error.reason.replacing("the body", with: "the text"))
    }
    guard case .object(let members) = value else {
      throw Problem.invalid(name, "must be a JSON object such as {\"team\": \"billing\"}")
    }
    return members
  }
}

extension String {
  /// Without the blanks around it.
  fileprivate var trimmed: String {
    let head = drop { $0.isWhitespace }
    let end = head.lastIndex { !$0.isWhitespace }.map { head.index(after: $0) }
    return String(head[..<(end ?? head.startIndex)])
  }
}
