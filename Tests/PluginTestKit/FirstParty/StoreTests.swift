import CardeaMemoryStore
import CardeaPluginTestKit
import CardeaPostgreSQL
import CardeaSQLite
import CardeaTestSupport
import Foundation
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

/// Of many nodes, in memory, as tests have it.
@Suite struct NodeStoreTests {
  static let promises = StorePromises(powers: [.shared, .durable, .accessLog, .bulk, .nodes]) {
    let group = NodeGroup()
    return StoreUnderTest(NodeStore(group), again: { NodeStore(group) })
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

@Suite struct PostgreSQLStoreTests {
  static let promises = StorePromises(
    powers: [
      .persists, .survivesKill, .shared, .durable, .records, .accessLog, .usage, .bulk, .quota,
      .nodes,
    ]
  ) {
    let server = try PostgreSQLServer.running()
    let database = "promise-\(UUID().uuidString)"
    try server.createWithTables(database)
    // Nothing here is about how fast the machine is.
    let url = "\(server.url(database))&lookup_deadline=30s&change_deadline=60s"
    return StoreUnderTest(
      try PostgreSQLStore(url: url), again: { try PostgreSQLStore(url: url) },
      remove: { _ = try? server.query("DROP DATABASE \"\(database)\" WITH (FORCE)") })
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
