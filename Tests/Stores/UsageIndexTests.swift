import CardeaContracts
import CardeaSodium
import Foundation
import GRDB
import Testing

@testable import CardeaSQLite

/// The counts of a key with many entries are read from an index that has all that they need.
@Suite struct UsageIndexTests {
  @Test func countsReadTheIndexAloneAndListingsDoNotTakeToIt() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "usage-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "keys.sqlite3").path
    let store = SQLiteStore(path: path)
    try await store.open()
    await store.close()
    let statements =
      UsageRows.statements + [
        "SELECT * FROM access_log WHERE key_id = ? AND at >= ? AND at < ? ORDER BY number DESC"
      ]
    let plans = try await DatabaseQueue(path: path).read { db in
      try statements.map { statement in
        try Row.fetchAll(
          db, sql: "EXPLAIN QUERY PLAN \(statement)", arguments: [Data(count: 16), 0, 1]
        ).map { $0["detail"] as String }.joined(separator: "\n")
      }
    }
    #expect(plans[0].contains("USING COVERING INDEX access_log_by_use"), "\(plans[0])")
    #expect(plans[1].contains("USING COVERING INDEX access_log_by_use"), "\(plans[1])")
    #expect(plans[2].contains("USING INDEX access_log_by_key"), "\(plans[2])")
  }
}
