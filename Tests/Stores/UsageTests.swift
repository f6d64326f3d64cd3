import CardeaLifecycle
import CardeaSQLite
import Foundation
import GRDB
import Testing

@Suite("SQLite usage") struct UsageTests {
  @Test("much usage is written in many short transactions, so that changes get in between")
  func chunks() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    let keys = (0..<1_201).map { _ in records.key() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for key in keys { group.addTask { _ = try await store.commit(records.insert(key)) } }
      try await group.waitForAll()
    }
    let other = try DatabaseQueue(path: path)
    try await other.writeWithoutTransaction {
      try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
    #expect(try commits(path) == 0)
    try await store.record(
      keys.map {
        KeyUsage(
          prefix: $0.prefix, secretID: $0.secrets[0].id, count: 1, lastUsedAt: records.time(9))
      })
    #expect(try commits(path) == 3)
    for key in keys {
      #expect(try store.find(prefix: key.prefix)?.key.lastUsedAt == records.time(9))
    }
    try other.close()
    await store.close()
  }

  /// Transactions in the write-ahead log: frames whose header tells the size of the file after a commit
  /// (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
  private func commits(_ path: String) throws -> Int {
    let log = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "-wal")))
    guard log.count > 32 else { return 0 }
    let pageSize = number(log, at: 8)
    return stride(from: 32, to: log.count, by: 24 + pageSize).count { number(log, at: $0 + 4) != 0 }
  }

  private func number(_ bytes: [UInt8], at index: Int) -> Int {
    bytes[index..<index + 4].reduce(0) { $0 << 8 | Int($1) }
  }
}
