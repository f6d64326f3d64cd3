import CardeaLifecycle

/// The tables of django-keysmith: its own, or a project's model in its place with the same columns.
struct KeysmithReader: SourceReader {
  let name = "keysmith"
  let redaction: TokenRedaction
  let primitives: any Primitives
  private static let columns = [
    "id", "name", "description", "token_type", "key", "created_at", "expires_at", "last_used_at",
    "revoked", "purged", "created_by_id", "user_id", "prefix",
  ]
  private static let migrations = [
    "0001_initial", "0002_remove_token_hint_and_add_created_action", "0003_alter_token_prefix",
    "0004_tokenauditlog_keysmith_to_ip_addr_b9ff68_idx_and_more",
    "0005_alter_token_created_by_alter_token_user_and_more",
  ]

  var needs: ImportNeeds { ImportNeeds(headers: ["X-KEYSMITH-TOKEN"], format: "keysmith") }

  private func table(_ source: any SourceDatabase) throws -> String? {
    if try source.has("keysmith_token", KeysmithReader.columns) { return "keysmith_token" }
    return try source.tables().first { try source.has($0, KeysmithReader.columns) }
  }

  func check(_ source: any SourceDatabase) throws {
    guard try table(source) != nil else {
      throw CommandFailure.wrongSource(
        source,
        try source.columns(of: "keysmith_token").isEmpty
          ? "it has no table of django-keysmith's tokens"
          : "its table keysmith_token has other columns than django-keysmith 0.1")
    }
    try DjangoMigrations.check(source, app: "keysmith", known: KeysmithReader.migrations)
  }

  func total(in source: any SourceDatabase) throws -> Int {
    try table(source).map { try source.count($0) } ?? 0
  }

  func owners(in source: any SourceDatabase) throws -> SourceItems<SourceOwner> {
    guard let table = try table(source),
      let users = try DjangoUsers(source, of: table, column: "user_id")
    else { return SourceItems { nil } }
    let rows = try source.rows(
      """
      SELECT \(users.columns("u")) FROM \(SQLName(users.table)) u
      WHERE u.\(SQLName(users.key)) IN (SELECT user_id FROM \(SQLName(table))) ORDER BY 1
      """)
    return SourceItems(rows, row: { _, number in "\(users.table) \(number)" }) {
      (row, _) throws(RowFault) in try users.owner(row, from: 0)
    }
  }

  func keys(in source: any SourceDatabase) throws -> SourceItems<SourceKey> {
    guard let table = try table(source) else { return SourceItems { nil } }
    let users = try DjangoUsers(source, of: table, column: "user_id")
    let makers = try DjangoUsers(source, of: table, column: "created_by_id")
    let scopes = try TokenScopes(source, of: table)
    let names = ["u": users, "c": makers].mapValues { $0?.name }
    func name(_ alias: String) -> String {
      (names[alias] ?? nil).map { "\(alias).\(SQLName($0))" } ?? "NULL"
    }
    func join(_ alias: String, _ users: DjangoUsers?, _ column: String) -> String {
      users.map {
        "LEFT JOIN \(SQLName($0.table)) \(alias) ON \(alias).\(SQLName($0.key)) = t.\(column)"
      } ?? ""
    }
    let rows = try source.rows(
      """
      SELECT t.id, t.name, t.description, t.token_type, t.key, t.created_at, t.expires_at,
        t.last_used_at, t.revoked, t.purged, t.prefix, \(name("u")), \(name("c"))
      FROM \(SQLName(table)) t \(join("u", users, "user_id")) \(join("c", makers, "created_by_id"))
      ORDER BY t.prefix, t.id
      """)
    return SourceItems {
      guard let row = try rows.next() else { return nil }
      let label = KeysmithReader.label(row, table)
      let granted = try (try? row.uuid(0, "id")).map { try scopes.of($0) } ?? []
      do throws(RowFault) { return .record(try KeysmithReader.key(row, label, granted)) } catch {
        return .faulty(row: label, reason: error.reason)
      }
    }
  }

  func log(in source: any SourceDatabase) throws -> (any SourceLog)? {
    try table(source).flatMap { try KeysmithLog(source, of: $0, redaction, primitives) }
  }

  /// The row by its id and its prefix, both public.
  private static func label(_ row: SourceRow, _ table: String) -> String {
    let id = (try? row.uuid(0, "id")) ?? "without an id"
    let prefix = (try? row.text(10, "prefix")).map { " (\($0))" } ?? ""
    return "\(table) \(id)\(prefix)"
  }

  private static func key(
    _ row: SourceRow, _ label: String, _ scopes: [TokenScopes.Scope]
  ) throws(RowFault) -> SourceKey {
    let id = try row.uuid(0, "id")
    let type = try row.text(3, "token_type")
    guard let kind = KeyRecord.Kind(rawValue: type) else {
      throw RowFault("token_type is neither user nor system")
    }
    var key = SourceKey(
      row: label, seed: id, prefix: try row.text(10, "prefix"), name: try row.text(1, "name"),
      format: "keysmith", hash: try row.text(4, "key"))
    key.description = try row.text(2, "description")
    key.kind = kind
    key.createdAt = try row.date(5, "created_at")
    key.expiresAt = try row.optionalDate(6, "expires_at")
    key.lastUsedAt = try row.optionalDate(7, "last_used_at")
    if try row.boolean(8, "revoked") { key.status = .revoked }
    if try row.boolean(9, "purged") { key.status = .purged }
    key.owner = try row.optionalText(11, "user").map { OwnerReference(name: $0) }
    key.scopes = scopes.map(\.codename)
    key.metadata = ["keysmith_id": .string(id)]
    if !scopes.isEmpty {
      key.metadata["keysmith_scopes"] = .array(
        scopes.map { .string("\($0.app).\($0.codename)") })
    }
    if let maker = try row.optionalText(12, "created_by") {
      key.metadata["keysmith_created_by"] = .string(maker)
    }
    return key
  }
}

/// The scopes of tokens that are asked for in the order of their prefixes, then of their ids. In that order a store
/// keeps what it writes together; it is the source that sorts, by its own idea of the order of texts.
private final class TokenScopes {
  struct Scope {
    let app: String
    let codename: String
  }

  private let rows: (any SourceRows)?
  private var pending: (id: String, scope: Scope)?

  init(_ source: any SourceDatabase, of table: String) throws {
    let link = "\(table)_scopes"
    let columns = try source.columns(of: link)
    guard let token = columns.first(where: { $0 != "id" && $0 != "permission_id" }),
      columns.contains("permission_id")
    else {
      rows = nil
      return
    }
    rows = try source.rows(
      """
      SELECT s.\(SQLName(token)), c.app_label, p.codename FROM \(SQLName(table)) t
      JOIN \(SQLName(link)) s ON s.\(SQLName(token)) = t.id
      JOIN auth_permission p ON p.id = s.permission_id
      JOIN django_content_type c ON c.id = p.content_type_id
      ORDER BY t.prefix, t.id, 2, 3
      """)
    try advance()
  }

  private func advance() throws {
    pending = try rows?.next().map { row in
      (
        try row.uuid(0, "token"),
        Scope(app: try row.text(1, "app"), codename: try row.text(2, "name"))
      )
    }
  }

  func of(_ id: String) throws -> [Scope] {
    var scopes: [Scope] = []
    while let next = pending, next.id == id {
      scopes.append(next.scope)
      try advance()
    }
    return scopes
  }
}
