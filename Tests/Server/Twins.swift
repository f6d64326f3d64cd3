import Cardea
import CardeaServer
import CardeaTestSupport
import Logging
import ServiceLifecycleTestKit

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Two servers over one store that differ in nothing but whether requests of `/auth` are answered
/// without Hummingbird.
struct Twins: Sendable {
  let prompt: Twin
  let plain: Twin
  let clock: HandClock
  /// Tells both to stop, as a signal does.
  let stop: @Sendable () -> Void

  /// Starts both, lets `test` talk to them, and stops them.
  /// - Parameter plugins: makes each server's own.
  static func run(
    plugins: @Sendable () throws -> [any Plugin] = { [] },
    server change: (inout ServerConfiguration) -> Void = { _ in },
    _ test: @Sendable @escaping (Twins) async throws -> Void
  ) async throws {
    let (store, clock) = (MemoryStore(), HandClock())
    clock.freeze()
    var configuration = ServerConfiguration()
    configuration.port = 0
    change(&configuration)
    let prompt = try await Twin(store, try plugins(), clock, configuration, answersPromptly: true)
    let plain = try await Twin(store, try plugins(), clock, configuration, answersPromptly: false)
    try await testGracefulShutdown { trigger in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for twin in [prompt, plain] { group.addTask { try await twin.serve() } }
        let twins = Twins(
          prompt: try await prompt.started(), plain: try await plain.started(), clock: clock,
          stop: trigger.triggerGracefulShutdown)
        try await test(twins)
        group.cancelAll()
        do { try await group.waitForAll() } catch is CancellationError {}
      }
    }
  }

  /// A key that both know.
  func key(
    _ name: String = "client", _ fill: (inout NewKey) -> Void = { _ in }
  ) async throws -> (id: UUID, token: String) {
    var new = NewKey(name: name)
    new.expiry = .never
    fill(&new)
    let issued = try await prompt.kernel.createKey(new, by: .host)
    return (issued.stored.key.id, issued.token.reveal())
  }

  /// What both answer to the same bytes, but for what differs from one answer to the next.
  func answers(to text: String) async throws -> (prompt: String, plain: String) {
    let bytes = Array(text.utf8)
    return (
      Twins.comparable(try await prompt.client.raw(bytes)),
      Twins.comparable(try await plain.client.raw(bytes))
    )
  }

  static func comparable(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
      .replacing(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/, with: "DATE")
      .replacing(/(X-Request-Id: |"request_id":")[0-9a-f]{16}(?![0-9a-f])/) { "\($0.1)ID" }
  }
}

/// One of two servers.
struct Twin: Sendable {
  let kernel: AuthKernel
  /// On no port before the server has started.
  private(set) var client = HTTPClient(port: 0)
  /// Every authentication in order, without the request's id.
  let recorded: Locked<[AccessEvent]>
  /// Whether each of them was decided on an event loop rather than in a task.
  let isRecordedOnLoop: Locked<[Bool]>
  /// The log's lines of requests, without their ids and durations.
  let lines: Locked<[String]>
  /// Whether each verified request was decided on an event loop rather than in a task.
  let isOnLoop: Locked<[Bool]>
  private let server: AuthServer
  private let ports: AsyncStream<Int>
  private let port: AsyncStream<Int>.Continuation

  init(
    _ store: MemoryStore, _ plugins: [any Plugin], _ clock: HandClock,
    _ configuration: ServerConfiguration, answersPromptly: Bool
  ) async throws {
    var options = StandardOptions()
    options.peppers = [
      try Pepper(version: "v1", secret: Secret([UInt8](repeating: 7, count: 32)))
    ]
    options.queryNames = ["api_key"]
    var kernelConfiguration = KernelConfiguration()
    kernelConfiguration.preferredHasher = "hmac_sha256"
    // Else one may have noted a use, and the other not yet.
    kernelConfiguration.usageFlushInterval = .seconds(3_600)
    recorded = Locked([])
    isRecordedOnLoop = Locked([])
    lines = Locked([])
    isOnLoop = Locked([])
    var registry = Registry()
    registry.use(try StandardPlugins(options))
    registry.use(store)
    registry.use(RecordingSink(recorded: recorded, isOnLoop: isRecordedOnLoop))
    registry.use(WherePolicy(isOnLoop: isOnLoop))
    for plugin in plugins { registry.use(plugin) }
    kernel = try AuthKernel(registry, configuration: kernelConfiguration, clock: clock)
    try await kernel.start(recording: false)
    var configuration = configuration
    configuration.answersPromptly = answersPromptly
    (ports, port) = AsyncStream<Int>.makeStream()
    server = AuthServer(
      kernel: kernel, configuration: configuration,
      logger: Logger(label: "twin") { [lines] _ in RequestLines(lines: lines) }
    ) { [port] in
      port.yield($1)
      port.finish()
    }
  }

  func serve() async throws {
    defer { port.finish() }
    try await server.run()
  }

  func started() async throws -> Twin {
    var twin = self
    for await port in ports { twin.client = HTTPClient(port: port) }
    return twin
  }
}

/// Keeps what it is told, on the thread that tells it.
private struct RecordingSink: AuditSink {
  let id = "test.recording"
  let recorded: Locked<[AccessEvent]>
  let isOnLoop: Locked<[Bool]>

  func record(_ events: [AccessEvent]) {
    let isInNoTask = withUnsafeCurrentTask { $0 == nil }
    for event in events {
      isOnLoop.withLock { $0.append(isInNoTask) }
      var request = event.request
      request.requestID = nil
      let kept = AccessEvent(
        at: event.at, reason: event.reason, keyID: event.keyID, prefix: event.prefix,
        owner: event.owner, request: request, status: event.status, policy: event.policy)
      recorded.withLock { $0.append(kept) }
    }
  }
}

/// Notes where it was asked; denies nothing.
private struct WherePolicy: Policy {
  let id = "test.where"
  let isOnLoop: Locked<[Bool]>
  var stage: PolicyStage { .afterVerification }
  var deadline: Duration { .seconds(60) }

  func evaluate(_ context: PolicyContext) -> PolicyDecision {
    let isInNoTask = withUnsafeCurrentTask { $0 == nil }
    isOnLoop.withLock { $0.append(isInNoTask) }
    return .pass
  }
}

/// Keeps the lines that requests leave, without what differs from one to the next.
private struct RequestLines: LogHandler {
  let lines: Locked<[String]>
  var logLevel = Logger.Level.debug
  var metadata = Logger.Metadata()

  init(lines: Locked<[String]>) { self.lines = lines }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields = metadata.merging(event.metadata ?? [:]) { $1 }
    // What Hummingbird itself says is of connections.
    guard fields.removeValue(forKey: "request_id") != nil else { return }
    fields["duration_ms"] = nil
    let text = fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let line = "\(event.level) \(event.message) \(text.joined(separator: " "))"
    lines.withLock { $0.append(line) }
  }
}
