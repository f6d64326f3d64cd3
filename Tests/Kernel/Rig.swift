import CardeaExtractors
import CardeaFormats
import CardeaHMAC
import CardeaLifecycle
import CardeaMemoryStore
import CardeaPBKDF2
import CardeaSodium
import Dispatch
import Synchronization

/// A kernel of real parts under a clock that tests move by hand.
struct Rig {
  let kernel: AuthKernel
  let clock: HandClock

  /// - Parameter slow: whether new secrets are hashed by PBKDF2 (10,000 iterations) rather than by HMAC.
  init(
    store: some KeyStore = MemoryStore(), slow: Bool = false, clock: HandClock = HandClock(),
    meter: (any KernelMeter)? = nil, recording: Bool = true, starting: Bool = true,
    configure: (inout KernelConfiguration) -> Void = { _ in },
    plugins: (inout Registry) -> Void = { _ in }
  ) async throws {
    var registry = Registry()
    registry.use(try SodiumPrimitives())
    registry.use(
      try HMACSHA256Hasher(peppers: [
        try Pepper(version: "v1", secret: Secret([UInt8](repeating: 7, count: 32)))
      ]))
    registry.use(try PBKDF2SHA512Hasher(iterations: 10_000))
    registry.use(KeysmithFormat())
    registry.use(UnderscoreFormat())
    registry.use(HeaderExtractor(name: "X-API-Key"))
    registry.use(AuthorizationExtractor(scheme: "Api-Key"))
    registry.use(AuthorizationExtractor(scheme: "Bearer"))
    registry.use(store)
    plugins(&registry)
    var configuration = KernelConfiguration()
    configuration.preferredHasher = slow ? "pbkdf2_sha512" : "hmac_sha256"
    configuration.defaultExpiry = nil
    configuration.sweepInterval = nil
    configure(&configuration)
    kernel = try AuthKernel(registry, configuration: configuration, clock: clock, meter: meter)
    self.clock = clock
    if starting { try await kernel.start(recording: recording) }
  }

  /// A fresh key, made by the host.
  func key(
    _ name: String = "test", _ fill: (inout NewKey) -> Void = { _ in }
  ) async throws -> IssuedKey {
    var new = NewKey(name: name)
    fill(&new)
    return try await kernel.createKey(new, by: .host)
  }

  /// The verdict on a token under `X-API-Key`.
  func verdict(_ token: Secret, requiring: Requirement = .none) async -> Verdict {
    await kernel.authenticate(Call(token), requiring: requiring)
  }

  func warmVerdict(_ token: Secret, requiring: Requirement = .none) -> Verdict? {
    kernel.authenticateIfWarm(Call(token), requiring: requiring)
  }
}

/// A request of named header fields.
struct Call: RequestView, Sendable {
  var method = "GET"
  var path = "/orders"
  var clientAddress: String? = "192.0.2.7"
  var headers: [(String, String)]

  init(_ headers: [(String, String)]) { self.headers = headers }
  init(_ token: Secret) { headers = [("x-api-key", token.reveal())] }

  func header(_ name: String) -> FieldValue {
    let values = headers.filter { $0.0 == name }.map(\.1)
    return values.count > 1 ? .repeated : values.first.map { .one($0) } ?? .absent
  }
  func query(_ name: String) -> FieldValue { .absent }
}

/// Time that only tests move.
final class HandClock: KernelClock {
  private let milliseconds: Atomic<Int64>
  let ticks = Atomic<UInt64>(1_000_000_000)

  /// 2026-11-21T00:00:00Z unless told otherwise.
  init(_ start: Timestamp = Timestamp(milliseconds: 1_795_219_200_000)) {
    milliseconds = Atomic(start.milliseconds)
  }

  func now() -> Timestamp {
    Timestamp(milliseconds: milliseconds.load(ordering: .sequentiallyConsistent))
  }
  func monotonic() -> UInt64 {
    beforeAnswering.withLock { $0 }?()
    return ticks.load(ordering: .sequentiallyConsistent)
  }

  /// Called, from any thread, whenever somebody is about to be told the monotonic time.
  let beforeAnswering = Locked<(@Sendable () -> Void)?>(nil)

  /// Moves both clocks on.
  func advance(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let step = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    milliseconds.add(step, ordering: .sequentiallyConsistent)
    if step > 0 { ticks.add(UInt64(step) * 1_000_000, ordering: .sequentiallyConsistent) }
  }

  /// Sets the wall clock, as an operator or NTP may.
  func setWall(_ time: Timestamp) {
    milliseconds.store(time.milliseconds, ordering: .sequentiallyConsistent)
  }
}

/// Collects what a handler was given. Threading: any thread.
final class Collected<Element: Sendable>: Sendable {
  private let elements = Locked<[Element]>([])
  func append(_ element: Element) { elements.withLock { $0.append(element) } }
  var all: [Element] { elements.withLock { $0 } }
}
