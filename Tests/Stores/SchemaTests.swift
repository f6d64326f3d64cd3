import CardeaLifecycle
import Foundation
import GRDB
import Testing

@testable import CardeaSQLite

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
    let path = folder.path("keys.sqlite3")
    let keys = try await makeStoreOfTheFirstSchema(path, keys: 3)
    let migrated = SQLiteStore(path: path)
    try await migrated.open()
    #expect(try migrated.schema() == String(contentsOf: schemaFile, encoding: .utf8))
    var query = KeyQuery(now: Records.start)
    query.sort = .name
    #expect(try await migrated.keys(query).items.map(\.key) == keys)
    await migrated.close()
  }

  @Test("D9: a migration that is killed midway is finished by whoever opens the file next")
  func killedMigration() async throws {
    let folder = try Folder()
    let first = folder.path("first.sqlite3")
    let keys = try await makeStoreOfTheFirstSchema(first, keys: 100)
    let checkedIn = try String(contentsOf: schemaFile, encoding: .utf8)
    func copy(_ name: String) throws -> String {
      try FileManager.default.copyItem(atPath: first, toPath: folder.path(name))
      return folder.path(name)
    }
    // How long it takes if nobody kills it.
    let began = ContinuousClock.now
    _ = try ChildProcess("count", try copy("whole"), "0").remainingLines()
    let whole = (ContinuousClock.now - began) / .microseconds(1)
    let kills = ProcessInfo.processInfo.environment["CARDEA_KILLS"].flatMap { Int($0) } ?? 20
    var versions: [Int: Int] = [:]
    for round in 0..<kills {
      let path = try copy("\(round)")
      let process = try ChildProcess("count", path, "0")
      usleep(UInt32.random(in: 0...UInt32(whole)))
      process.kill()
      _ = try process.remainingLines()
      let database = try DatabaseQueue(path: path)
      let (version, integrity) = try await database.read {
        (
          try Int.fetchOne($0, sql: "PRAGMA user_version"),
          try String.fetchOne($0, sql: "PRAGMA integrity_check")
        )
      }
      try database.close()
      #expect(integrity == "ok")
      versions[version ?? 0, default: 0] += 1
      let migrated = SQLiteStore(path: path)
      try await migrated.open()
      #expect(try migrated.schema() == checkedIn)
      var query = KeyQuery(now: Records.start, limit: 1000)
      query.sort = .name
      #expect(try await migrated.keys(query).items.map(\.key) == keys)
      await migrated.close()
    }
    #expect(versions[1, default: 0] + versions[2, default: 0] > 0, "none was killed in time")
  }

  /// A file as the first schema had it; its keys, by name.
  private func makeStoreOfTheFirstSchema(
    _ path: String, keys count: Int
  ) async throws -> [KeyRecord] {
    let (store, records) = (SQLiteStore(path: path), try Records())
    try await store.open()
    let keys = (1...count).map { records.key(name: "\(10_000 - $0)", at: Int64($0)) }
    for key in keys { _ = try await store.commit(records.insert(key)) }
    await store.close()
    let database = try DatabaseQueue(path: path)
    try await database.write { db in
      try db.execute(
        sql: """
          DROP INDEX idempotency_by_key; DROP TABLE quota_buckets; DROP INDEX keys_by_name; DROP INDEX keys_by_end;
          DROP INDEX secrets_by_scheme;
          CREATE INDEX secrets_by_scheme ON secrets (scheme);
          DELETE FROM grdb_migrations WHERE identifier <> '1 keys, owners, secrets, signal log';
          PRAGMA user_version = 1;
          """)
    }
    try database.close()
    return keys.reversed()
  }

  @Test("a purge finds the idempotency keys of its key by an index")
  func idempotencyByKey() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    await store.close()
    let plan = try await DatabaseQueue(path: path).read { db in
      try Row.fetchAll(
        db, sql: "EXPLAIN QUERY PLAN \(ChangeWriter.forgetIdempotency)",
        arguments: [Data(count: 16)]
      ).map { $0["detail"] as String }.joined(separator: "\n")
    }
    #expect(plan.contains("INDEX idempotency_by_key (key_id=?)"), "\(plan)")
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
