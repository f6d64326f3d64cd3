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

  @Test("every table is STRICT, and the schema says what it is checked for")
  func strictTables() throws {
    let text = try String(contentsOf: schemaFile, encoding: .utf8)
    let own = text.components(separatedBy: ";\n").filter {
      $0.contains("CREATE TABLE") && !$0.contains("grdb_migrations")
    }
    #expect(own.count == 12)
    #expect(own.allSatisfy { $0.contains("STRICT") })
  }

  private var schemaFile: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Sources/Plugins/Stores/SQLite/schema.sql")
  }
}
