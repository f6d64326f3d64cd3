import CardeaExtractors
import CardeaFormats
import CardeaHMAC
import CardeaLifecycle
import CardeaMemoryStore
import CardeaSessions
import CardeaSodium
import Synchronization

/// A kernel of real parts with sessions, under a clock that tests move by hand.
struct SessionRig {
  let kernel: AuthKernel
  let clock: HandClock

  /// The seed of RFC 8037, appendix A.1.
  static let seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

  static let extractors: [any CredentialExtractor] = [
    HeaderExtractor(name: "X-Session-Token"), AuthorizationExtractor(scheme: "Bearer"),
  ]

  enum Kind: CaseIterable { case jwt, opaque }

  init(
    _ kind: Kind, clock: HandClock = HandClock(), plugins: (inout Registry) -> Void = { _ in }
  ) async throws {
    let primitives = try SodiumPrimitives()
    switch kind {
    case .jwt: try await self.init(issuer: SessionRig.jwt(primitives), clock, plugins)
    case .opaque:
      try await self.init(
        issuer: OpaqueSessions(
          lifetime: .seconds(300), extractors: SessionRig.extractors, primitives: primitives),
        clock, plugins)
    }
  }

  init(
    issuer: some SessionIssuer, _ clock: HandClock = HandClock(),
    _ plugins: (inout Registry) -> Void = { _ in }
  ) async throws {
    var registry = Registry()
    registry.use(try SodiumPrimitives())
    registry.use(
      try HMACSHA256Hasher(peppers: [
        try Pepper(version: "v1", secret: Secret([UInt8](repeating: 7, count: 32)))
      ]))
    registry.use(KeysmithFormat())
    registry.use(HeaderExtractor(name: "X-API-Key"))
    registry.use(AuthorizationExtractor(scheme: "Bearer"))
    registry.use(MemoryStore())
    registry.use(issuer)
    plugins(&registry)
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    configuration.defaultExpiry = nil
    kernel = try AuthKernel(registry, configuration: configuration, clock: clock)
    self.clock = clock
    try await kernel.start()
  }

  static func jwt(
    _ primitives: any Primitives, keys: [Ed25519.PrivateKey]? = nil, issuer: String = "cardea",
    audience: String = "cardea", entries: Int = 100
  ) throws -> JWTSessions {
    try JWTSessions(
      signingKeys: keys ?? [privateKey()], issuer: issuer, audience: audience,
      lifetime: .seconds(300), entries: entries, extractors: extractors, primitives: primitives)
  }

  static func privateKey(_ seed: String = seed) throws -> Ed25519.PrivateKey {
    guard let bytes = Base64.decodeURL(seed.utf8),
      let key = Ed25519.PrivateKey(seed: Secret(bytes))
    else { throw NoKey() }
    return key
  }

  struct NoKey: Error {}

  /// A fresh key with scopes `orders:read` and `orders:write`, made by the host.
  func key(_ fill: (inout NewKey) -> Void = { _ in }) async throws -> IssuedKey {
    var new = NewKey(name: "test")
    new.scopes = ["orders:read", "orders:write"]
    fill(&new)
    return try await kernel.createKey(new, by: .host)
  }

  /// Exchanges a key's token for a session.
  func session(of token: Secret, scopes: [String]? = nil) async throws -> IssuedSession {
    guard case .allow(let identity) = await verdict(key: token) else { throw NoKey() }
    return try kernel.createSession(for: identity, scopes: scopes)
  }

  func verdict(key token: Secret) async -> Verdict {
    await kernel.authenticate(Call([("x-api-key", token.reveal())]))
  }

  /// The verdict on a session token, first by memory where it is enough.
  func verdict(_ token: Secret, requiring: Requirement = .none) async -> Verdict {
    let call = Call([("x-session-token", token.reveal())])
    if let verdict = kernel.authenticateIfWarm(call, requiring: requiring) { return verdict }
    return await kernel.authenticate(call, requiring: requiring)
  }

  func reason(_ token: Secret, requiring: Requirement = .none) async -> Denial.Reason? {
    await verdict(token, requiring: requiring).denial?.reason
  }
}

/// A request of named header fields.
struct Call: RequestView, Sendable {
  var method = "GET"
  var path = "/orders"
  var clientAddress: String? = "192.0.2.7"
  var headers: [(String, String)]

  init(_ headers: [(String, String)]) { self.headers = headers }

  func header(_ name: String) -> FieldValue {
    let values = headers.filter { $0.0 == name }.map(\.1)
    return values.count > 1 ? .repeated : values.first.map { .one($0) } ?? .absent
  }
  func query(_ name: String) -> FieldValue { .absent }
}

/// Time that only tests move.
final class HandClock: KernelClock {
  private let milliseconds = Atomic<Int64>(1_795_219_200_250)
  private let ticks = Atomic<UInt64>(1_000_000_000)

  func now() -> Timestamp {
    Timestamp(milliseconds: milliseconds.load(ordering: .sequentiallyConsistent))
  }
  func monotonic() -> UInt64 { ticks.load(ordering: .sequentiallyConsistent) }

  func advance(_ seconds: Int64) {
    milliseconds.add(seconds * 1_000, ordering: .sequentiallyConsistent)
    if seconds > 0 {
      ticks.add(UInt64(seconds) * 1_000_000_000, ordering: .sequentiallyConsistent)
    }
  }
}

/// Collects what a handler was given. Threading: any thread.
final class Collected<Element: Sendable>: Sendable {
  private let elements = Locked<[Element]>([])
  func append(_ element: Element) { elements.withLock { $0.append(element) } }
  var all: [Element] { elements.withLock { $0 } }
}
