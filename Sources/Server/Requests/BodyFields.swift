import CardeaContracts
import CardeaHTTPTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The members of a JSON object, each taken once and only as the type that it must have.
struct BodyFields: Sendable {
  private let members: [String: JSONValue]

  /// - Parameter known: every name that the call takes; any other is refused by name.
  init(_ bytes: [UInt8], known: Set<String>) throws(Problem) {
    let value: JSONValue
    do { value = try JSONReader.read(bytes) } catch {
      throw Problem(status: 400, code: "invalid", detail: error.reason, field: "body")
    }
    guard case .object(let members) = value else {
      throw Problem(
        status: 400, code: "invalid", detail: "the body must be a JSON object", field: "body")
    }
    try self.init(members, known: known)
  }

  init(
    _ members: [String: JSONValue], known: Set<String>, in path: String = ""
  ) throws(Problem) {
    if let unknown = members.keys.filter({ !known.contains($0) }).min() {
      throw Problem.invalid(path + unknown.shortened, "no such field")
    }
    self.members = members
  }

  /// What an absent body is: no field at all.
  static let none = BodyFields()

  private init() { members = [:] }

  var isEmpty: Bool { members.isEmpty }

  func string(_ name: String) throws(Problem) -> String? {
    switch members[name] {
    case nil: return nil
    case .string(let value): return value
    default: throw Problem.invalid(name, "must be a string")
    }
  }

  func requiredString(_ name: String) throws(Problem) -> String {
    guard let value = try string(name) else { throw Problem.invalid(name, "is required") }
    return value
  }

  func strings(_ name: String) throws(Problem) -> [String]? {
    guard let member = members[name] else { return nil }
    guard case .array(let elements) = member else {
      throw Problem.invalid(name, "must be an array of strings")
    }
    var strings: [String] = []
    for element in elements {
      guard case .string(let value) = element else {
        throw Problem.invalid(name, "must be an array of strings")
      }
      strings.append(value)
    }
    return strings
  }

  func integer(_ name: String) throws(Problem) -> Int? {
    switch members[name] {
    case nil: return nil
    case .integer(let value):
      if let integer = Int(exactly: value) { return integer }
      fallthrough
    default: throw Problem.invalid(name, "must be a whole number")
    }
  }

  func boolean(_ name: String) throws(Problem) -> Bool? {
    switch members[name] {
    case nil: return nil
    case .bool(let value): return value
    default: throw Problem.invalid(name, "must be true or false")
    }
  }

  /// The members of an object within; `nil` without it.
  /// - Parameter known: every name that it takes.
  func fields(_ name: String, known: Set<String>) throws(Problem) -> BodyFields? {
    guard let members = try object(name) else { return nil }
    return try BodyFields(members, known: known, in: "\(name).")
  }

  /// An object of scalars, each as the text that it reads.
  func texts(_ name: String) throws(Problem) -> [String: String]? {
    guard let members = try object(name) else { return nil }
    var texts: [String: String] = [:]
    for (field, value) in members {
      switch value {
      case .string(let text): texts[field] = text
      case .integer(let number): texts[field] = "\(number)"
      case .number(let number): texts[field] = "\(number)"
      case .bool(let flag): texts[field] = flag ? "true" : "false"
      case .null: texts[field] = "null"
      case .array, .object:
        throw Problem.invalid(name, "must hold strings, numbers, true, false or null")
      }
    }
    return texts
  }

  func object(_ name: String) throws(Problem) -> [String: JSONValue]? {
    switch members[name] {
    case nil: return nil
    case .object(let value): return value
    default: throw Problem.invalid(name, "must be an object")
    }
  }

  /// One of the declared wire names of an enumeration.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, as type: Choice.Type
  ) throws(Problem) -> Choice? where Choice.RawValue == String {
    guard let text = try string(name) else { return nil }
    return try Problem.choice(name, text)
  }

  func duration(_ name: String) throws(Problem) -> DurationText? {
    guard let text = try string(name) else { return nil }
    guard let duration = DurationText(text) else {
      throw Problem.invalid(name, "must be a duration such as 90d, 12h, 10m, 30s, 500ms")
    }
    return duration
  }

  /// `expires_in` or `expires_at`, not both; `nil` without either.
  func expiry() throws(Problem) -> Expiry? {
    let duration = try duration("expires_in")
    guard let text = try string("expires_at") else {
      return duration.map { $0.duration.map { .after($0) } ?? .never }
    }
    guard duration == nil else {
      throw Problem.invalid("expires_at", "give expires_in or expires_at, not both")
    }
    guard let time = Timestamp(rfc3339: text) else {
      throw Problem.invalid("expires_at", "must be a time such as 2027-01-31T12:00:00Z")
    }
    return .at(time)
  }

  /// `owner`: a name, which means a user, or `{"kind", "name"}`.
  func owner() throws(Problem) -> OwnerReference? {
    switch members["owner"] {
    case nil: return nil
    case .string(let name): return OwnerReference(name: name)
    case .object(let parts):
      guard parts.count == 2, case .string(let kind) = parts["kind"],
        case .string(let name) = parts["name"]
      else { throw Problem.invalid("owner", "must be a name, or an object of kind and name") }
      return OwnerReference(kind: try Problem.choice("owner", kind), name: name)
    default: throw Problem.invalid("owner", "must be a name, or an object of kind and name")
    }
  }
}

extension String {
  /// At most 64 characters, so that a problem does not repeat a whole body.
  fileprivate var shortened: String { utf8.count <= 64 ? self : "\(prefix(64))…" }
}
