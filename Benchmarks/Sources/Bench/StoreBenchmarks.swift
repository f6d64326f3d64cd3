import BenchSupport
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
      let prefixes = try await StoreFilling.add(size, to: store)
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

  /// V9: revoking that many keys at once through the kernel, on SQLite; seconds in all.
  static func bulkRevoke(_ size: Int) async throws -> Double {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cardea-bench-bulk-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("bulk.sqlite3").path
    let store = SQLiteStore(path: path)
    try await store.open()
    print("  filling a store with \(size) keys …")
    try await StoreFilling.add(size, to: store)
    await store.close()
    var options = StandardOptions()
    options.peppers = [try Pepper(version: "v1", secret: Secret([UInt8](repeating: 3, count: 32)))]
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    let kernel = try AuthKernel.standard(
      store: SQLiteStore(path: path), options: options, configuration: configuration)
    try await kernel.start()
    var query = KeyQuery(now: kernel.clock.now())
    query.prefix = "tok_"
    let began = ContinuousClock.now
    let selected = try await kernel.select(query, for: .revoke)
    let report = await kernel.change(selected, .revoke, matching: query, by: .host)
    let took = ContinuousClock.now - began
    await kernel.shutdown()
    guard report.changed == size else { throw BenchError.failed("\(report.failed) failed") }
    let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
    print(
      String(
        format: "\nBulk revoke (V9)\n  %d keys in %.1f s, %.0f a second", size, seconds,
        Double(size) / seconds))
    return seconds
  }
}
