import Cardea
import CardeaServer
import CardeaTestSupport
import CardeaWebhooks
import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A real server on a free port of loopback, over a real kernel and a store in memory.
struct ServerRig: Sendable {
  let kernel: AuthKernel
  let client: HTTPClient
  let clock: HandClock
  /// The token of a key with `cardea:admin`.
  let admin: String
  /// Every denial's reason so far, in order.
  let reasons: Locked<[Denial.Reason]>

  /// Starts a server, lets `test` talk to it, and stops it.
  /// - Parameter recording: whether the kernel keeps up its logs by itself.
  static func run(
    store: some KeyStore = MemoryStore(), plugins: [any Plugin] = [], logger: Logger = .silent,
    options change: (inout StandardOptions) -> Void = { _ in },
    kernel changeKernel: (inout KernelConfiguration) -> Void = { _ in },
    server changeServer: (inout ServerConfiguration) -> Void = { _ in }, recording: Bool = true,
    _ test: @Sendable @escaping (ServerRig) async throws -> Void
  ) async throws {
    var options = StandardOptions()
    // A keyed digest: these tests are not about slow hashes.
    options.peppers = [
      try Pepper(version: "v1", secret: Secret([UInt8](repeating: 7, count: 32)))
    ]
    change(&options)
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    configuration.acceptedFormats = ["underscore"]
    changeKernel(&configuration)
    let clock = HandClock()
    var registry = Registry()
    registry.use(try StandardPlugins(options))
    registry.use(store)
    for plugin in plugins { registry.use(plugin) }
    let metrics = PrometheusMetrics()
    let kernel = try AuthKernel(
      registry, configuration: configuration, clock: clock, meter: MetricsMeter(metrics))
    try await kernel.start(recording: recording)
    var new = NewKey(name: "admin")
    new.scopes = [ScopeSet.admin]
    new.expiry = .never
    let admin = try await kernel.bootstrap(new).token.reveal()
    let reasons = Locked<[Denial.Reason]>([])
    kernel.signals.subscribe(
      AuthenticationFailed.self, id: "test.reasons", .queue(bound: 10_000, overflow: .dropNewest)
    ) { signal in
      if let reason = signal.event.reason { reasons.withLock { $0.append(reason) } }
    }

    var server = ServerConfiguration()
    server.port = 0
    changeServer(&server)
    let (ports, port) = AsyncStream<Int>.makeStream()
    let running = AuthServer(
      kernel: kernel, configuration: server, logger: logger, metrics: metrics,
      webhooks: Webhooks(kernel: kernel, metrics: metrics)
    ) {
      port.yield($1)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { port.finish() }
        try await running.run()
      }
      var iterator = ports.makeAsyncIterator()
      if let number = await iterator.next() {
        try await test(
          ServerRig(
            kernel: kernel, client: HTTPClient(port: number), clock: clock, admin: admin,
            reasons: reasons))
        group.cancelAll()
      }
      do { try await group.waitForAll() } catch is CancellationError {}
    }
  }

  /// A key made by the host, and its token.
  func key(
    _ name: String = "client", _ fill: (inout NewKey) -> Void = { _ in }
  ) async throws -> (id: String, token: String) {
    var new = NewKey(name: name)
    new.expiry = .never
    fill(&new)
    let issued = try await kernel.createKey(new, by: .host)
    return (issued.stored.key.id.uuidString.lowercased(), issued.token.reveal())
  }

  /// The reasons of all denials so far.
  func denials() async -> [Denial.Reason] {
    await kernel.drain()
    return reasons.withLock { $0 }
  }

  /// The status of `/auth` with this token.
  func auth(_ token: String) async throws -> Int {
    try await client.json("GET", "/auth", token: token).status
  }

  /// How many keys the store has.
  func keyCount() async throws -> Int {
    try await kernel.keys(KeyQuery(now: clock.now(), limit: 1_000)).items.count
  }
}

/// A clock that moves when told to.
final class HandClock: KernelClock {
  private let offset = Locked<Int64>(0)
  private let system = SystemClock()
  /// The system's time at which this clock stands still, if it does.
  private let frozen = Locked<(wall: Int64, monotonic: UInt64)?>(nil)

  func now() -> Timestamp {
    let base = frozen.withLock { $0?.wall } ?? system.now().milliseconds
    return Timestamp(milliseconds: base + offset.withLock { $0 })
  }

  /// From now on time goes by only where ``advance(by:)`` says so.
  func freeze() {
    let now = (system.now().milliseconds, system.monotonic())
    frozen.withLock { $0 = now }
  }

  func monotonic() -> UInt64 {
    frozen.withLock { $0?.monotonic } ?? system.monotonic()
  }

  func advance(by seconds: Int64) { offset.withLock { $0 += seconds * 1_000 } }
}

extension Logger {
  static let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
}
