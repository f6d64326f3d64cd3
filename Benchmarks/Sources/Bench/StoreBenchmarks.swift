import Cardea
import CardeaSQLite
import Foundation

enum StoreBenchmarks {
  /// P8: looking a key up by prefix as the store grows.
  static func lookup(sizes: [Int]) async throws -> [String: [Measurement]] {
    var contenders: [Contender] = []
    var stores: [SQLiteStore] = []
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cardea-bench-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for size in sizes {
      let store = SQLiteStore(path: folder.appendingPathComponent("\(size).sqlite3").path)
      try await store.open()
      stores.append(store)
      print("  filling a store with \(size) keys …")
      let prefixes = try await fill(store, size)
      contenders.append(
        Contender(name: "find(prefix:) among \(size) keys") { operations in
          var random = SystemRandomNumberGenerator()
          for _ in 0..<operations {
            let prefix = prefixes[Int.random(in: 0..<prefixes.count, using: &random)]
            if try store.find(prefix: prefix) == nil { throw BenchError.denied }
          }
        })
    }
    let measured = try await compare(operations: 20_000, contenders)
    report("SQLite lookup", measured)
    for store in stores { await store.close() }
    return ["sqlite_lookup": measured]
  }

  /// Commits that many keys, some hundred at a time so that the writer groups them.
  private static func fill(_ store: SQLiteStore, _ size: Int) async throws -> [String] {
    let primitives = try SodiumPrimitives()
    let now = SystemClock().now()
    var prefixes: [String] = []
    prefixes.reserveCapacity(size)
    var next = 0
    while next < size {
      let batch = next..<min(size, next + 512)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in batch {
          let prefix = "tok_" + String(format: "%08d", number)
          prefixes.append(prefix)
          group.addTask {
            let key = KeyRecord(
              id: UUID(), prefix: prefix, name: "bench", format: "keysmith", createdAt: now,
              createdBy: "bench",
              secrets: [
                StoredSecret(
                  id: UUID(), hash: EncodedHash("hmac_sha256$v1$x$y"), format: "keysmith",
                  createdAt: now)
              ])
            var change = StoreChange(drafts: [], primitives: primitives)
            change.key = .insert(key)
            _ = try await store.commit(change)
          }
        }
        try await group.waitForAll()
      }
      next = batch.upperBound
    }
    return prefixes
  }
}
