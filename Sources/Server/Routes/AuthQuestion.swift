import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes

/// What a proxy asks: what the key must grant, and about which request.
struct AuthQuestion: Sendable {
  private(set) var requirement = Requirement.none
  let original: OriginalRequest

  /// What is required as our own query says it: `?scope=orders:read&scope=orders:write` demands
  /// both, `?any_scope=orders:read&any_scope=orders:write` either, `class=internal` that class.
  init(query: Substring?) throws(Problem) {
    original = .fields
    guard let query else { return }
    guard let items = FormItems(query: query).all() else {
      throw Problem(status: 400, code: "invalid", detail: "the query is not percent-encoded UTF-8")
    }
    for (name, value) in items { try demand(name, value) }
  }

  /// Envoy puts a fixed path before the client's target. What is required stands in it, and `-`
  /// ends it: `/auth/envoy/s/orders:read/c/internal/-` demands scope and class, `any` is
  /// `any_scope`. The first `-` is ours, whatever the client's path holds.
  init(envoy arrival: Arrival) throws(Problem) {
    var rest = arrival.target.path.utf8.dropFirst(ProxyProfile.envoy.path.utf8.count)
    func segment() -> String? {
      guard rest.popFirst() == UInt8(ascii: "/") else { return nil }
      let raw = rest.prefix { $0 != UInt8(ascii: "/") }
      rest = rest.dropFirst(raw.count)
      return FormItems.decoded(raw)
    }
    var demands: [(name: String, value: String)] = []
    while true {
      let name = segment()
      if name == "-" { break }
      guard let name, let known = AuthQuestion.segments[name], let value = segment() else {
        throw Problem(
          status: 400, code: "invalid",
          detail: "the path before the client's own is s/SCOPE, any/SCOPE and c/CLASS, ended by -")
      }
      demands.append((known, value))
    }
    let query = arrival.target.query.map { "?\($0)" } ?? ""
    original = .told(
      method: arrival.method.rawValue, target: "\(Substring(rest))\(query)")
    for (name, value) in demands { try demand(name, value) }
  }

  private static let segments = ["s": "scope", "any": "any_scope", "c": "class"]

  /// An unknown name is refused: a misspelt requirement must not become none.
  private mutating func demand(_ name: String, _ value: String) throws(Problem) {
    switch name {
    case "scope":
      guard ScopeSet.isValid(value) else { throw .invalid("scope", "is no scope name") }
      requirement.scopes.append(value)
    case "any_scope":
      guard ScopeSet.isValid(value) else { throw .invalid("any_scope", "is no scope name") }
      requirement.anyScopes.append(value)
    case "class":
      guard requirement.keyClass == nil, !value.isEmpty else {
        throw .invalid("class", "is empty or given twice")
      }
      requirement.keyClass = value
    default: throw .invalid(String(name.prefix(64)), "no such query parameter")
    }
  }
}
