import CardeaExtractors
import CardeaFormats
import CardeaHMAC
import CardeaLifecycle
import CardeaMemoryStore
import CardeaSodium
import Foundation

@testable import CardeaWebhooks

/// A kernel of real parts and its webhooks, whose endpoints are closures and whose time tests move by hand.
struct WebhookRig {
  let kernel: AuthKernel
  let webhooks: Webhooks
  let clock: HandClock
  let endpoints: Endpoints

  init(
    store: any PluginRecordStore = MemoryStore(), clock: HandClock = HandClock(),
    endpoints: Endpoints = Endpoints(), options change: (inout WebhookOptions) -> Void = { _ in }
  ) async throws {
    var registry = Registry()
    registry.use(try SodiumPrimitives())
    registry.use(
      try HMACSHA256Hasher(peppers: [
        try Pepper(version: "v1", secret: Secret([UInt8](repeating: 7, count: 32)))
      ]))
    registry.use(KeysmithFormat())
    registry.use(HeaderExtractor(name: "X-API-Key"))
    registry.use(store)
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    configuration.sweepInterval = nil
    kernel = try AuthKernel(registry, configuration: configuration, clock: clock)
    self.clock = clock
    self.endpoints = endpoints
    try await kernel.start()
    var options = WebhookOptions()
    change(&options)
    let webhooks = Webhooks(kernel: kernel, options: options, means: endpoints.means)
    guard let webhooks else { throw LifecycleError.failed("no webhooks") }
    self.webhooks = webhooks
  }

  /// A change that is worth a signal: a new key.
  @discardableResult func change() async throws -> IssuedKey {
    try await kernel.createKey(NewKey(name: "test"), by: .host)
  }

  func endpoint(
    _ name: String, _ fill: (inout NewWebhook) -> Void = { _ in }
  ) async throws -> UUID {
    var new = NewWebhook(url: "https://\(name).example.org/")
    fill(&new)
    return try await webhooks.create(new, by: .host).status.endpoint.id
  }

  func disable(_ id: UUID, _ isDisabled: Bool = true) async throws {
    var edit = WebhookEdit()
    edit.isEnabled = !isDisabled
    _ = try await webhooks.update(id, edit, by: .host)
  }

  func state(_ id: UUID) async throws -> WebhookStatus { try await webhooks.show(id) }
}

/// Endpoints of any name: what they are sent, and what they answer.
final class Endpoints: Sendable {
  typealias Answer = @Sendable (WebhookRequest) -> WebhookAnswer

  private let requests = Locked<[WebhookRequest]>([])
  private let answer = Locked<Answer>({ _ in .status(204) })
  private let hook = Locked<@Sendable () async -> Void>({})
  private let noted = Locked<[WebhookResult]>([])
  private let named = Locked<[String]>([])

  /// Is called, and waited for, before a delivery gets its turn.
  func beforeTurn(_ new: @escaping @Sendable () async -> Void) { hook.withLock { $0 = new } }

  /// What came of everything so far.
  var results: [WebhookResult] { noted.withLock { $0 } }
  /// What could not be read so far.
  var unreadable: [String] { named.withLock { $0 } }
  /// How much was sent since it was taken last.
  var count: Int { requests.withLock { $0.count } }

  func answer(_ new: @escaping Answer) { answer.withLock { $0 = new } }
  /// Every one answers so.
  func answer(_ status: Int) { answer { _ in .status(status) } }

  /// What was sent since this was asked last.
  func take() -> [WebhookRequest] {
    requests.withLock { requests in
      defer { requests = [] }
      return requests
    }
  }

  var means: WebhookMeans {
    let hmac = HMACSHA256()
    var means = WebhookMeans(
      hmacSHA256: { hmac?.digest(key: $0, header: $1, message: Secret([])) },
      encode: { Array("\($0.position)".utf8) },
      turn: {
        await self.hook.withLock { $0 }()
        return self.turn
      }, trialTurn: { self.turn })
    means.jitter = { 0 }
    means.note = { result in self.noted.withLock { $0.append(result) } }
    means.noteUnreadable = { name in self.named.withLock { $0.append(name) } }
    return means
  }
}

extension Endpoints {
  private var turn: WebhookTurn {
    WebhookTurn(
      send: { request in
        let answer = self.answer.withLock { $0 }
        self.requests.withLock { $0.append(request) }
        return answer(request)
      }, end: {})
  }
}

extension WebhookRequest {
  /// The position of the signal that it carries, as the rig's body has it.
  var position: Int { Int(String(decoding: body, as: UTF8.self)) ?? 0 }

  func header(_ name: String) -> String? {
    headers.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
  }

  /// The first label of the host's name.
  var name: String { String(url.dropFirst("https://".count).prefix { $0 != "." }) }
}

/// A clock that stands still until it is moved.
final class HandClock: KernelClock {
  private let passed = Locked<Int64>(0)
  private let start = SystemClock().now()

  func now() -> Timestamp {
    Timestamp(milliseconds: start.milliseconds + passed.withLock { $0 })
  }
  func monotonic() -> UInt64 { UInt64(passed.withLock { $0 }) * 1_000_000 + 1_000_000_000 }
  func advance(seconds: Int64) { passed.withLock { $0 += seconds * 1_000 } }

  /// Moves on to a time to come.
  func advance(to time: Timestamp) {
    let distance = time.milliseconds - now().milliseconds
    passed.withLock { $0 += max(0, distance) }
  }
}
