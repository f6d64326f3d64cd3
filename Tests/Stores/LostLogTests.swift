import CardeaLifecycle
import CardeaSQLite
import Foundation
import GRDB
import Testing

/// A write-ahead log, or its index, that is deleted under a running store: from then on processes do not see each
/// other's changes.
@Suite("SQLite store whose log is taken away") struct LostLogTests {
  private let folder: Folder
  private let records: Records
  private let path: String

  init() throws {
    folder = try Folder()
    records = try Records()
    path = folder.path("keys.sqlite3")
  }

  /// A store that was used before, so that the file has more than the log.
  private func openStore() async throws -> SQLiteStore {
    let first = SQLiteStore(path: path)
    try await first.open()
    await first.close()
    let store = SQLiteStore(path: path)
    try await store.open()
    return store
  }

  /// Why reads, polls and changes are refused; `nil` for each that is not.
  private func refusals(of store: SQLiteStore) async -> [StoreError?] {
    [
      await refusal { () throws(StoreError) in try store.find(prefix: "tok_any") },
      await refusal { () throws(StoreError) in try store.logHead() },
      await refusal { () throws(StoreError) in try store.poll(after: 0, limit: 100) },
      await refusal(of: records.insert(records.key()), by: store),
      await refusal { () async throws(StoreError) in
        try await store.keys(KeyQuery(now: Records.start))
      },
    ]
  }

  private func remove(_ suffixes: [String]) throws {
    for suffix in suffixes { try FileManager.default.removeItem(atPath: path + suffix) }
  }

  @Test(
    "every read, poll and change is refused, and the file that is gone is named",
    arguments: [["-shm"], ["-wal"], ["-wal", "-shm"]])
  func refused(_ suffixes: [String]) async throws {
    let store = try await openStore()
    _ = try await store.commit(records.insert(records.key()))
    try remove(suffixes)
    for refused in await refusals(of: store) {
      let refused = try #require(refused)
      #expect(refused.isUnavailable)
      #expect("\(refused)".contains(path + suffixes[0] + " was deleted"), "\(refused)")
    }
    await store.close()
  }

  @Test(
    "what another process then writes is not undone when the store is closed",
    arguments: [["-shm"], ["-wal", "-shm"]])
  func othersChanges(_ suffixes: [String]) async throws {
    let store = try await openStore()
    _ = try await store.commit(records.insert(records.key()))
    try remove(suffixes)
    let lines = try ChildProcess("count", path, "1").remainingLines()
    let other = try #require(lines.first.flatMap { Acknowledgement($0) }, "\(lines)")
    for refused in await refusals(of: store) { #expect(refused?.isUnavailable == true) }
    await store.close()
    let again = SQLiteStore(path: path)
    try await again.open()
    #expect(try again.find(prefix: other.prefix) != nil)
    try await verifiedLog(of: again, records.chain)
    await again.close()
  }

  @Test(
    "if nobody else came, closing saves what was written before",
    arguments: [["-shm"], ["-wal"], ["-wal", "-shm"]])
  func saved(_ suffixes: [String]) async throws {
    let store = try await openStore()
    let key = records.key()
    _ = try await store.commit(records.insert(key))
    try remove(suffixes)
    await store.close()
    let again = SQLiteStore(path: path)
    try await again.open()
    #expect(try again.find(prefix: key.prefix)?.key == key)
    await again.close()
  }

  @Test("other processes, checkpoints, a vacuum, a backup and a purge raise nothing")
  func normalLife() async throws {
    let store = try await openStore()
    let key = records.key()
    _ = try await store.commit(records.insert(key))
    func check(_ what: String) async {
      for refused in await refusals(of: store) { #expect(refused == nil, "after \(what)") }
    }
    for round in 0..<3 {
      #expect(try ChildProcess("count", path, "2").remainingLines().count == 2)
      await check("another process, \(round)")
    }
    let second = SQLiteStore(path: path)
    try await second.open()
    _ = try await second.commit(records.insert(records.key()))
    await second.close()
    await check("another store")
    let database = try DatabaseQueue(path: path)
    for sql in ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(RESTART)"] {
      try await database.writeWithoutTransaction { try $0.execute(sql: sql) }
      await check(sql)
    }
    try database.close()
    try SQLiteStore.copy(path, to: folder.path("copy.sqlite3"))
    await check("a backup")
    #expect(try SQLiteStore.examine(path) == [])
    await check("an examination")
    _ = try await store.commit(records.purge(key))
    await check("a purge")
    await store.close()
  }

  @Test("behind a symbolic link it is what the link leads to that is watched")
  func symbolicLink() async throws {
    try await openStore().close()
    let link = folder.path("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let store = SQLiteStore(path: link)
    try await store.open()
    for refused in await refusals(of: store) { #expect(refused == nil) }
    try remove(["-shm"])
    for refused in await refusals(of: store) { #expect(refused?.isUnavailable == true) }
    await store.close()
  }

  /// SQLite would keep a log for each.
  @Test("a file with two names is refused, and by a restore too, until it has one again")
  func hardLink() async throws {
    try await openStore().close()
    let other = folder.path("other.sqlite3")
    #expect(link(path, other) == 0)
    for name in [path, other] {
      let store = SQLiteStore(path: name)
      let refused = try #require(
        await refusal { () async throws(StoreError) in try await store.open() }, "it was opened")
      #expect(refused.isUnavailable)
      #expect("\(refused)".contains("hard link"))
      #expect("\(refused)".contains(name))
    }
    let copy = folder.path("copy.sqlite3")
    try SQLiteStore.copy(path, to: copy)
    let old = folder.path("old.sqlite3")
    let unreplaced = await refusal { () throws(StoreError) in
      try SQLiteStore.replace(path, with: copy, keeping: old)
    }
    #expect(unreplaced?.isUnavailable == true)
    #expect(!FileManager.default.fileExists(atPath: old))
    #expect(unlink(other) == 0)
    let store = SQLiteStore(path: path)
    try await store.open()
    await store.close()
    #expect(try SQLiteStore.replace(path, with: copy, keeping: old))
  }
}
