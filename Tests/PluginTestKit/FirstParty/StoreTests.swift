import CardeaMemoryStore
import CardeaPluginTestKit
import CardeaSQLite
import Testing

@Suite struct MemoryStoreTests {
  static let promises = StorePromises(
    powers: [.durable, .records, .accessLog, .usage, .bulk, .quota]
  ) {
    StoreUnderTest(MemoryStore())
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct SQLiteStoreTests {
  static let promises = StorePromises(
    powers: [
      .persists, .survivesKill, .shared, .durable, .records, .accessLog, .usage, .bulk, .quota,
    ]
  ) {
    let folder = try Folder()
    let path = folder.file("keys.sqlite3")
    return StoreUnderTest(
      SQLiteStore(path: path), again: { SQLiteStore(path: path) }, remove: { folder.remove() })
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
