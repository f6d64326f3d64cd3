import CardeaContracts
import CardeaPostgreSQL
import CardeaTestSupport
import Foundation

/// A database on the tests' PostgreSQL server, gone with this value.
final class TestDatabase: Sendable {
  let server: PostgreSQLServer
  let name = "stores-\(UUID().uuidString)"

  /// - Parameter isEmpty: whether a store has to make the tables first.
  init(on server: PostgreSQLServer? = nil, isEmpty: Bool = false) throws {
    self.server = try server ?? PostgreSQLServer.running()
    if isEmpty { try self.server.create(name) } else { try self.server.createWithTables(name) }
  }

  deinit { _ = try? server.query("DROP DATABASE \"\(name)\" WITH (FORCE)") }

  /// A store on it, not opened yet. Its deadlines are those of a machine that is busy with something else, unless
  /// `parameters` say others.
  func store(
    through ports: [Int] = [], _ parameters: String...
  ) throws -> PostgreSQLStore {
    try PostgreSQLStore(url: url(through: ports, parameters))
  }

  func url(through ports: [Int] = [], _ parameters: [String] = []) -> String {
    let defaults = ["lookup_deadline=30s", "change_deadline=60s"].filter { own in
      !parameters.contains { $0.prefix { $0 != "=" } == own.prefix { $0 != "=" } }
    }
    return server.url(name, through: ports, defaults + parameters)
  }

  @discardableResult
  func query(_ sql: String) throws -> String { try server.query(sql, in: name) }

  /// How many sessions wait for a lock.
  func waiters() throws -> Int {
    let count = try query(
      """
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'
      """)
    return Int(count) ?? 0
  }
}

/// A database that is made only if a store on it is wanted.
final class LazyDatabase: Sendable {
  private let database = Locked<TestDatabase?>(nil)

  func make() throws -> PostgreSQLStore {
    let made = try TestDatabase()
    database.withLock { $0 = made }
    return try made.store()
  }
}
