import BenchSupport
import Cardea
import CardeaSQLite
import Foundation

/// P7 without a server: what each tier of the audit adds to a warm authentication.
enum AuditBenchmarks {
  /// Requests under way at once: what a write of the spool can gather.
  private static let concurrent = 64

  static func tiers() async throws -> [String: [Measurement]] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cardea-bench-audit-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var benches: [Bench] = []
    var contenders: [Contender] = []
    for tier in ["off", "failures", "async", "process", "commit"] {
      let bench = try await make(tier, in: folder.path)
      benches.append(bench)
      contenders.append(
        Contender(name: "warm authenticate, audit \(tier)") { operations in
          let denial = await withTaskGroup(of: Denial?.self) { group in
            for _ in 0..<concurrent {
              group.addTask {
                for _ in 0..<operations / concurrent {
                  let verdict = await bench.kernel.authenticate(bench.request)
                  if let denial = verdict.denial { return denial }
                }
                return nil
              }
            }
            return await group.reduce(nil) { $0 ?? $1 }
          }
          if let denial { throw BenchError.failed("\(tier): \(denial.reason)") }
        })
    }
    let measured = try await compare(operations: concurrent * 500, contenders)
    report("Audit tiers, \(concurrent) requests at once", measured)
    let began = ContinuousClock.now
    var entries: Int64 = 0
    for bench in benches {
      await bench.kernel.drainAccessLog()
      entries += try bench.store.accessHeads().reduce(0) { $0 + $1.position }
    }
    let took = ContinuousClock.now - began
    let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
    print(String(format: "  moved to the store: %.0f entries a second", Double(entries) / seconds))
    for bench in benches { await bench.kernel.shutdown() }
    return ["audit_tiers": measured]
  }

  /// A kernel on SQLite with one warm key.
  private struct Bench: Sendable {
    let kernel: AuthKernel
    let store: SQLiteStore
    let request: HeaderRequest
  }

  /// Nothing is drained while the tiers are timed.
  private static func make(_ tier: String, in folder: String) async throws -> Bench {
    var options = StandardOptions()
    options.peppers = [try Pepper(version: "v1", secret: Secret([UInt8](repeating: 3, count: 32)))]
    var registry = Registry()
    registry.use(try StandardPlugins(options))
    let store = SQLiteStore(path: "\(folder)/\(tier).sqlite3")
    registry.use(store)
    switch AuditTier(rawValue: tier) {
    case nil, .off: break
    case .async: registry.use(QueueAuditSink(node: "bench", bound: 10_000_000))
    case let tier?: registry.use(SpoolAuditSink(path: "\(folder)/\(tier).spool", tier: tier))
    }
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    configuration.auditDrainInterval = .seconds(86_400)
    let kernel = try AuthKernel(registry, configuration: configuration)
    try await kernel.start()
    let issued = try await kernel.createKey(NewKey(name: "bench"), by: .host)
    let request = HeaderRequest(token: issued.token.reveal())
    guard case .allow = await kernel.authenticate(request) else { throw BenchError.denied }
    return Bench(kernel: kernel, store: store, request: request)
  }
}
