import Cardea
import CardeaTestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A2: every stored field is sent in every body of every route that takes one.
@Suite("A2: stored fields in bodies")
struct StoredFieldTests {
  /// A route with a body: where it is, a body that it takes, and every name that it knows.
  struct Route: Sendable, CustomTestStringConvertible {
    let method: String
    /// `{key}` and `{owner}` stand for ids.
    let path: String
    let body: String
    let known: Set<String>
    /// An object within the body to which the fields are added, instead of the body itself.
    var inside: String?

    var testDescription: String { "\(method) \(path) \(inside ?? "")" }
  }

  private static let newKey: Set<String> = [
    "name", "description", "kind", "class", "scopes", "expires_in", "expires_at", "metadata",
  ]
  private static let filter: Set<String> = [
    "owner", "state", "kind", "class", "scope", "prefix", "created", "expires", "older_than",
    "unused_since", "metadata", "query",
  ]

  static let routes: [Route] =
    [
      Route(
        method: "POST", path: "/v1/keys", body: #""name": "made""#,
        known: newKey.union(["owner", "dry_run"])),
      Route(
        method: "POST", path: "/v1/keys", body: #""kind": "user", "name": "bob""#,
        known: ["kind", "name"], inside: "owner"),
      Route(
        method: "PATCH", path: "/v1/keys/{key}", body: #""name": "kept""#,
        known: newKey.subtracting(["kind"]).union(["dry_run"])),
      Route(
        method: "POST", path: "/v1/keys/{key}/rotate", body: "",
        known: ["overlap", "format", "dry_run"]),
      Route(
        method: "POST", path: "/v1/keys/bulk", body: #""action": "suspend", "filter": {}"#,
        known: ["action", "filter", "overlap", "format", "dry_run"]),
      Route(
        method: "POST", path: "/v1/keys/bulk", body: #""query": "test""#, known: filter,
        inside: "filter"),
      Route(method: "POST", path: "/v1/self/revoke", body: "", known: ["dry_run"]),
      Route(
        method: "POST", path: "/v1/verify", body: #""token": "x""#,
        known: [
          "token", "scopes", "any_scopes", "class", "method", "path", "ip", "explain",
        ]),
      Route(
        method: "POST", path: "/v1/owners", body: #""name": "made""#,
        known: ["name", "kind", "max_keys", "metadata", "members", "with_key", "dry_run"]),
      Route(
        method: "POST", path: "/v1/owners", body: #""name": "made""#, known: newKey,
        inside: "with_key"),
      Route(
        method: "PATCH", path: "/v1/owners/{owner}", body: "",
        known: ["max_keys", "metadata", "members", "dry_run"]),
      Route(method: "POST", path: "/v1/sessions", body: "", known: ["scopes"]),
      Route(method: "DELETE", path: "/v1/sessions/current", body: "", known: []),
    ]
    + [
      "complete-rotation", "cancel-rotation", "revoke", "suspend", "reactivate", "purge",
    ].map { Route(method: "POST", path: "/v1/keys/{key}/\($0)", body: "", known: ["dry_run"]) }
    + ["disable", "enable"].map {
      Route(method: "POST", path: "/v1/owners/{owner}/\($0)", body: "", known: ["dry_run"])
    }

  /// Every name under which something is stored: as the records have it, as JSON has it, as the schema has it.
  private static func storedNames(_ key: StoredKey, _ answers: [[String: Any]]) -> [String] {
    var names: Set<String> = [
      "hash", "secret", "token", "receipt", "idempotency", "position", "signals", "key_id",
      "owner_id", "class", "actor", "session", "revoked", "admin", "__proto__", "constructor", "",
    ]
    var records: [Any] = [key.key]
    records += key.key.secrets
    if let owner = key.owner { records.append(owner) }
    for record in records {
      for child in Mirror(reflecting: record).children {
        guard let label = child.label else { continue }
        names.insert(label)
        names.insert(label.uppercased())
        names.insert(snakeCase(label))
      }
    }
    for answer in answers { names.formUnion(answer.keys) }
    return names.sorted()
  }

  /// `expiresAt` as `expires_at`, `ownerID` as `owner_id`.
  private static func snakeCase(_ name: String) -> String {
    var result = ""
    var followsSmall = false
    for character in name {
      if character.isUppercase, followsSmall { result += "_" }
      followsSmall = character.isLowercase
      result += character.lowercased()
    }
    return result
  }

  @Test(arguments: routes)
  func noneIsSettableThatTheCallDoesNotName(_ route: Route) async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("test") { $0.owner = OwnerReference(name: "alice") }
      let id = try #require(UUID(uuidString: key.id))
      let owner = try await rig.kernel.owner(OwnerReference(name: "alice"))
      let path = route.path.replacingOccurrences(of: "{key}", with: key.id)
        .replacingOccurrences(of: "{owner}", with: owner.id.uuidString.lowercased())
      let shownKey = try await rig.client.json("GET", "/v1/keys/\(key.id)", token: rig.admin)
      let shownOwner = try await rig.client.json(
        "GET", "/v1/owners/\(owner.id.uuidString.lowercased())", token: rig.admin)
      #expect(shownKey.status == 200 && shownOwner.status == 200)
      let stored = try await rig.kernel.key(id)
      let names = StoredFieldTests.storedNames(stored, [shownKey.json, shownOwner.json])
      #expect(names.count > 40)
      let before = (
        try await rig.kernel.store.logHead(),
        try await rig.kernel.owners(OwnerQuery()).items
      )
      for name in names where !route.known.contains(name) {
        for value in [#""\#(key.id)""#, "1", "null"] {
          let fields = route.body.isEmpty ? "" : ", \(route.body)"
          var body = #"{"\#(name)": \#(value)\#(fields)}"#
          if let inside = route.inside {
            let rest = inside == "filter" ? #", "action": "suspend""# : #", "name": "made""#
            body = #"{"\#(inside)": \#(body)\#(rest)}"#
          }
          let answer = try await rig.client.json(route.method, path, token: rig.admin, body)
          #expect(answer.status == 400, "\(body): \(answer.text)")
          #expect(answer.string("code") == "invalid", "\(body)")
          let field = answer.string("field")
          // Of the owner of a key the whole is named, since it may be a text as well.
          let expected = route.inside.map { $0 == "owner" ? "owner" : "\($0).\(name)" } ?? name
          #expect(field == expected, "\(body)")
        }
      }
      #expect(try await rig.kernel.key(id) == stored)
      #expect(try await rig.kernel.store.logHead() == before.0)
      #expect(try await rig.kernel.owners(OwnerQuery()).items == before.1)
      #expect(try await rig.auth(rig.admin) == 200)
    }
  }
}
