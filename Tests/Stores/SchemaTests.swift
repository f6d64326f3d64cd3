import CardeaKernel
import CardeaSQLite
import Foundation
import GRDB
import Testing

/// What `make migration-check` runs.
@Suite("SQLite schema") struct SchemaTests {
  @Test("the migrated database's schema is the one checked in as schema.sql")
  func checkedInSchema() async throws {
    let folder = try Folder()
    let store = SQLiteStore(path: folder.path("keys.sqlite3"))
    try await store.open()
    let migrated = try store.schema()
    await store.close()
    let checkedIn = try String(contentsOf: schemaFile, encoding: .utf8)
    #expect(
      migrated == checkedIn,
      """
      Sources/Plugins/Stores/SQLite/schema.sql differs from what the migrations make, which is:
      \(migrated)
      """)
  }

  @Test("a store of the first schema is migrated, and keeps its keys")
  func migration() async throws {
    let folder = try Folder()
    let (path, records) = (folder.path("keys.sqlite3"), try Records())
    let store = SQLiteStore(path: path)
    try await store.open()
    let keys = (1...3).map { records.key(name: "\(4 - $0)", at: $0) }
    for key in keys { _ = try await store.commit(records.insert(key)) }
    await store.close()
    do {
      let database = try DatabaseQueue(path: path)
      try await database.write { db in
        try db.execute(
          sql: """
            DROP TABLE quota_buckets; DROP INDEX keys_by_name; DROP INDEX keys_by_end; DROP INDEX secrets_by_scheme;
            CREATE INDEX secrets_by_scheme ON secrets (scheme);
            DELETE FROM grdb_migrations WHERE identifier <> '1 keys, owners, secrets, signal log';
            PRAGMA user_version = 1;
            """)
      }
      try database.close()
    }
    let migrated = SQLiteStore(path: path)
    try await migrated.open()
    #expect(try migrated.schema() == String(contentsOf: schemaFile, encoding: .utf8))
    var query = KeyQuery(now: Records.start)
    query.sort = .name
    #expect(try await migrated.keys(query).items.map(\.key) == keys.reversed())
    await migrated.close()
  }

  @Test("every table is STRICT, and the schema says what it is checked for")
  func strictTables() throws {
    let text = try String(contentsOf: schemaFile, encoding: .utf8)
    let own = text.components(separatedBy: ";\n").filter {
      $0.contains("CREATE TABLE") && !$0.contains("grdb_migrations")
    }
    #expect(own.count == 13)
    #expect(own.allSatisfy { $0.contains("STRICT") })
  }

  private var schemaFile: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Sources/Plugins/Stores/SQLite/schema.sql")
  }
}
