import CardeaLifecycle
import CardeaSQLite
import Foundation
import GRDB
import Testing

/// What a purge erased leaves the write-ahead log too, also when a reader stood in the way at first.
@Suite("SQLite erasure that is owed") struct ErasureTests {
  private let canary = "canary-7f3a1c"

  @Test("closing makes up for it, though other connections stay")
  func onClosing() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let (store, other) = try await purgeUnderReader(path)
    #expect(try isFound(path))
    try other.inDatabase { try $0.execute(sql: "COMMIT") }
    await store.close()
    #expect(try !isFound(path))
    try other.close()
  }

  @Test("opening makes up for what a process that is gone owed")
  func onOpening() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let (store, other) = try await purgeUnderReader(path)
    await store.close()
    try other.inDatabase { try $0.execute(sql: "COMMIT") }
    #expect(try isFound(path))
    let again = SQLiteStore(path: path)
    try await again.open()
    #expect(try !isFound(path))
    await again.close()
    try other.close()
  }

  /// A store in which a key was purged while the connection that comes with it read, as it still does.
  private func purgeUnderReader(_ path: String) async throws -> (SQLiteStore, DatabaseQueue) {
    let records = try Records()
    let store = SQLiteStore(path: path)
    try await store.open()
    let key = records.key(name: canary)
    _ = try await store.commit(records.insert(key))
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: path, configuration: configuration)
    try await other.writeWithoutTransaction { db in
      try db.execute(sql: "BEGIN")
      _ = try Row.fetchAll(db, sql: "SELECT * FROM keys")
    }
    _ = try await store.commit(records.purge(key))
    return (store, other)
  }

  private func isFound(_ path: String) throws -> Bool {
    try [path, path + "-wal"].contains { path in
      guard FileManager.default.fileExists(atPath: path) else { return false }
      return try Data(contentsOf: URL(fileURLWithPath: path)).range(of: Data(canary.utf8)) != nil
    }
  }
}
