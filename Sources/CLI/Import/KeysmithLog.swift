import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The audit table of django-keysmith: its own, or a project's model in its place with the same columns.
///
/// Of what stands in `extra` only what the package itself writes is taken, and of a path what stands before the
/// query: neither is a place where a token can hide.
final class KeysmithLog: SourceLog {
  private static let standard = "keysmith_token_audit_log"
  private static let columns = [
    "id", "action", "path", "method", "status_code", "ip_address", "user_agent", "extra",
    "created_at", "token_id",
  ]
  /// The package's own actions in our words.
  private static let actions = [
    "created": KeyCreated.name, "rotated": TokenRotated.name, "revoked": KeyRevoked.name,
    "auth_success": UserLoggedIn.name, "auth_failed": AuthenticationFailed.name,
  ]
  /// The package's error codes that are one of our reasons; `invalidtoken` may be any of four.
  private static let reasons: [String: Denial.Reason] = [
    "missing_token": .missing, "expiredtoken": .expired, "revokedtoken": .revoked,
  ]

  let node: String
  private let source: any SourceDatabase
  private let table: String
  private let tokens: String
  private let owners: DjangoUsers?
  private let actors: DjangoUsers?
  private let redaction: TokenRedaction
  /// Of those who acted, by their id.
  private var names: [Int64: String] = [:]

  /// `nil` if there is no such table, or none whose rows are numbered.
  /// - Parameter tokens: the table of the tokens that it refers to.
  init?(
    _ source: any SourceDatabase, of tokens: String, _ redaction: TokenRedaction,
    _ primitives: any Primitives
  ) throws {
    let tables = try [KeysmithLog.standard] + source.tables()
    guard let table = try tables.first(where: { try source.has($0, KeysmithLog.columns) }) else {
      return nil
    }
    let first = try source.rows("SELECT max(id) FROM \(SQLName(table))").next()?.values.first
    guard let first else { return nil }
    switch first {
    case .integer, .null: break
    default: return nil
    }
    self.source = source
    self.table = table
    self.tokens = tokens
    self.redaction = redaction
    owners = try DjangoUsers(source, of: tokens, column: "user_id")
    actors = try DjangoUsers(source, of: tokens, column: "created_by_id")
    node = try KeysmithLog.node(source, primitives)
  }

  /// When the package was set up there tells its databases apart: each numbers its rows from 1.
  private static func node(
    _ source: any SourceDatabase, _ primitives: any Primitives
  ) throws -> String {
    let node = "import:keysmith"
    guard try source.has("django_migrations", ["app", "applied"]),
      let row = try source.rows(
        "SELECT applied FROM django_migrations WHERE app = 'keysmith' ORDER BY id LIMIT 1"
      ).next()
    else { return node }
    let digest = primitives.sha256(Array(try row.text(0, "applied").utf8)).bytes
    return "\(node):\(Hex.text(digest.prefix(4)))"
  }

  func count(through number: Int64) throws -> Int { try count("<= \(number)") }

  func count(after number: Int64) throws -> Int { try count("> \(number)") }

  private func count(_ condition: String) throws -> Int {
    let rows = try source.rows("SELECT count(*) FROM \(SQLName(table)) WHERE id \(condition)")
    return Int(try rows.next()?.integer(0, "count") ?? 0)
  }

  func rows(after number: Int64) throws -> () throws -> (
    number: Int64, item: SourceItem<SourceLogRow>
  )? {
    let user = owners.map {
      (
        "u.\(SQLName($0.name))",
        "LEFT JOIN \(SQLName($0.table)) u ON u.\(SQLName($0.key)) = t.user_id"
      )
    }
    let rows = try source.rows(
      """
      SELECT a.id, a.action, a.path, a.method, a.status_code, a.ip_address, a.user_agent, a.extra,
        a.created_at, t.id, t.created_at, t.prefix, \(user?.0 ?? "NULL")
      FROM \(SQLName(table)) a LEFT JOIN \(SQLName(tokens)) t ON t.id = a.token_id \(user?.1 ?? "")
      WHERE a.id > \(number) ORDER BY a.id
      """)
    return { [self] in
      guard let row = try rows.next() else { return nil }
      let number = try row.integer(0, "id")
      let extra = KeysmithLog.extra(row)
      let actor = try extra["actor_id"].flatMap { try name(of: $0) }
      do throws(RowFault) {
        return (number, .record(try read(row, extra, by: actor)))
      } catch {
        return (number, .faulty(row: "\(table) \(number)", reason: error.reason))
      }
    }
  }

  private static func extra(_ row: SourceRow) -> [String: JSONValue] {
    guard let text = try? row.optionalText(7, "extra"), text.utf8.count > 2 else { return [:] }
    return (try? JSONDecoder().decode([String: JSONValue].self, from: Data(text.utf8))) ?? [:]
  }

  /// The name of the user of that id, or the id.
  private func name(of id: JSONValue) throws -> String? {
    guard case .integer(let id) = id else { return nil }
    if let name = names[id] { return name }
    var name = "user \(id)"
    if let actors, try isNumbered(actors) {
      let rows = try source.rows(
        """
        SELECT \(SQLName(actors.name)) FROM \(SQLName(actors.table))
        WHERE \(SQLName(actors.key)) = \(id)
        """)
      name = try rows.next().map { try $0.text(0, actors.name) } ?? name
    }
    // Bounded, and begun anew rather than managed.
    if names.count >= 10_000 { names = [:] }
    names[id] = name
    return name
  }

  private func isNumbered(_ users: DjangoUsers) throws -> Bool {
    let rows = try source.rows("SELECT max(\(SQLName(users.key))) FROM \(SQLName(users.table))")
    if case .integer? = try rows.next()?.values.first { return true }
    return false
  }

  private func read(
    _ row: SourceRow, _ extra: [String: JSONValue], by actor: String?
  ) throws(RowFault) -> SourceLogRow {
    let action = try row.text(1, "action")
    guard (1...64).contains(action.utf8.count), action.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw RowFault("action is empty or no visible ASCII") }
    let status = try row.integer(4, "status_code")
    guard (0...999).contains(status) else { throw RowFault("status_code is no HTTP status") }
    var payload = AccessPayload()
    payload.actor = actor
    payload.address = try row.optionalText(5, "ip_address").flatMap { IPAddress($0)?.description }
    payload.method = KeysmithLog.present(redaction.text(try row.text(3, "method"), limit: 16))
    payload.owner = try row.optionalText(12, "user")
    let path = try row.text(2, "path").prefix { $0 != "?" && $0 != "#" }
    payload.path = KeysmithLog.present(redaction.text(String(path), limit: 2_048))
    payload.userAgent = try row.optionalText(6, "user_agent").flatMap {
      KeysmithLog.present(redaction.text($0, limit: 1_024))
    }
    payload.detail = detail(action, extra)
    var entry = SourceLogRow(
      action: KeysmithLog.actions[action] ?? action, at: try row.date(8, "created_at"),
      status: Int(status), payload: payload)
    if action == "revoked", extra["purge"] == .bool(true) { entry.action = KeyPurged.name }
    if action == "auth_failed" { entry.reason = KeysmithLog.reason(extra["error_code"]) }
    if !row.isNull(9) {
      entry.key = (try row.uuid(9, "token_id"), try row.date(10, "the token's created_at"))
      entry.prefix = try row.text(11, "the token's prefix")
    }
    return entry
  }

  /// The row's own words: its action, and what the package writes beside it.
  private func detail(_ action: String, _ extra: [String: JSONValue]) -> String {
    var parts = [action]
    for name in ["error_code", "purge", "token_name"] {
      switch extra[name] {
      case .string(let text): parts.append("\(name)=\(redaction.text(text, limit: 512))")
      case .bool(let flag): parts.append("\(name)=\(flag)")
      default: break
      }
    }
    return parts.joined(separator: " ")
  }

  private static func reason(_ code: JSONValue?) -> String {
    guard case .string(let code) = code, (1...64).contains(code.utf8.count),
      code.utf8.allSatisfy({ ($0 >= 0x61 && $0 <= 0x7A) || $0 == UInt8(ascii: "_") })
    else { return "auth_failed" }
    return reasons[code]?.rawValue ?? code
  }

  private static func present(_ text: String) -> String? { text.isEmpty ? nil : text }
}
