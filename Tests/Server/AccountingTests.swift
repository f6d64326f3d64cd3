import Cardea
import CardeaServer
import CardeaTestSupport
import Dispatch
import Foundation
import Testing

/// U1: what clients were answered is what the access log says, for every outcome that there is.
@Suite("U1: answers and the access log")
struct AccountingTests {
  /// A server that is brought to deny for any reason there is.
  private struct World: Sendable {
    let rig: ServerRig
    let store: MemoryStore
    let failure: PlannedFailure
    let gate: GateHasher
    let diskIsFull: Locked<Bool>
    let format: SessionOptions.Format

    // MARK: Tokens

    func token(under prefix: String? = nil) throws -> String {
      try KeysmithFormat().build(
        TokenRequest(
          namespace: "tok", identifierLength: 8, secretLength: 32, prefix: prefix,
          primitives: rig.kernel.primitives)
      ).token.reveal()
    }

    func session(of token: String) async throws -> String {
      let made = try await rig.client.json("POST", "/v1/sessions", token: token)
      return try #require(made.string("token"))
    }

    /// A session's JWT that is not ours in one thing, signed by our own key.
    func forged(_ token: String, _ change: (inout String, inout String) -> Void) throws -> String {
      let parts = token.split(separator: ".")
      var header = try decoded(parts[0])
      var claims = try decoded(parts[1])
      change(&header, &claims)
      let signed = "\(Base64.encodeURL(header.utf8)).\(Base64.encodeURL(claims.utf8))"
      let key = try AccountingTests.signingKey()
      let signature = rig.kernel.primitives.sign(Array(signed.utf8), with: key)
      return "\(signed).\(Base64.encodeURL(signature.bytes))"
    }

    private func decoded(_ part: Substring) throws -> String {
      let bytes = try #require(Base64.decodeURL(part.utf8))
      return try #require(String(validating: bytes, as: UTF8.self))
    }

    // MARK: Requests

    /// Asks once and says what was answered. Sessions come in a field of their own.
    func ask(
      _ token: String?, _ query: String = "", session: String? = nil,
      _ more: [(String, String)] = []
    ) async throws -> Int {
      var headers = more
      if let token { headers.append(("X-API-Key", token)) }
      if let session { headers.append(("X-Session-Token", session)) }
      return try await rig.client.request("GET", "/auth\(query)", headers: headers).status
    }

    /// Provokes one denial for that reason; the status, or `nil` if nothing can provoke it here.
    func provoke(_ reason: Denial.Reason) async throws -> Int? {
      switch reason {
      case .missing: return try await ask(nil)
      case .malformed: return try await ask("nonsense")
      case .ambiguous: return try await ask(try token(), session: nil, [("X-API-Key", "other")])
      case .unknown: return try await ask(try token())
      case .wrongSecret:
        let key = try await rig.key()
        return try await ask(try token(under: String(key.token.prefix { $0 != ":" })))
      case .expired:
        let key = try await rig.key { $0.expiry = .after(.milliseconds(1)) }
        rig.clock.advance(by: 1)
        return try await ask(key.token)
      case .suspended, .revoked, .purged:
        let key = try await rig.key()
        let id = try #require(UUID(uuidString: key.id))
        switch reason {
        case .suspended: _ = try await rig.kernel.suspendKey(id, by: .host)
        case .revoked: _ = try await rig.kernel.revokeKey(id, by: .host)
        default: _ = try await rig.kernel.purgeKey(id, by: .host)
        }
        return try await ask(key.token)
      case .ownerDisabled:
        let name = "gone\(UInt64.random(in: 0 ... .max))"
        let key = try await rig.key { $0.owner = OwnerReference(name: name) }
        let owner = try await rig.kernel.owner(OwnerReference(name: name))
        _ = try await rig.kernel.disableOwner(owner.id, by: .host)
        return try await ask(key.token)
      case .insufficientScope: return try await ask(try await rig.key().token, "?scope=a")
      case .wrongClass: return try await ask(try await rig.key().token, "?class=internal")
      case .policyDenied: return try await ask(try await rig.key("denied").token)
      case .rateLimited: return try await ask(try await rig.key("limited").token)
      case .failed: return try await ask(try await rig.key("throws").token)
      case .storeUnavailable:
        failure.fail(call: 1, .before)
        defer { failure.stop() }
        return try await ask(try token())
      case .auditUnavailable:
        let token = try await rig.key().token
        diskIsFull.withLock { $0 = true }
        let status = try await ask(token)
        diskIsFull.withLock { $0 = false }
        // What could not be recorded is counted with what can be again.
        #expect(try await ask(token) == 200)
        return status
      case .overloaded: return try await overload()
      default: return try await provokeInSession(reason)
      }
    }

    private func provokeInSession(_ reason: Denial.Reason) async throws -> Int? {
      let token = try await rig.key().token
      let session = try await session(of: token)
      switch (reason, format) {
      case (.sessionExpired, _):
        rig.clock.advance(by: 301)
        return try await ask(nil, session: session)
      case (.sessionEnded, _):
        let out = try await rig.client.request(
          "DELETE", "/v1/sessions/current", headers: [("X-Session-Token", session)])
        #expect(out.status == 204)
        return try await ask(nil, session: session)
      case (.sessionUnknown, .opaque):
        let guess = session.prefix { $0 != "." } + session.dropFirst(3).prefix(24)
        return try await ask(
          nil, session: guess + String(repeating: "A", count: session.count - 27))
      case (.sessionMalformed, .opaque):
        return try await ask(nil, session: String(session.dropLast()) + "!")
      case (.sessionMalformed, .jwt):
        return try await ask(nil, session: try forged(session) { $1 += " " })
      case (.sessionAlgorithm, .jwt):
        return try await ask(
          nil, session: try forged(session) { header, _ in header.replace("EdDSA", with: "none") })
      case (.sessionType, .jwt):
        return try await ask(
          nil, session: try forged(session) { header, _ in header.replace("JWT", with: "jwt") })
      case (.sessionKey, .jwt):
        return try await ask(
          nil,
          session: try forged(session) { header, _ in
            header.replace(#""kid":""#, with: #""kid":"A"#)
          })
      case (.sessionSignature, .jwt):
        var parts = session.split(separator: ".").map(String.init)
        parts[2] = (parts[2].first == "A" ? "B" : "A") + parts[2].dropFirst()
        return try await ask(nil, session: parts.joined(separator: "."))
      case (.sessionIssuer, .jwt):
        return try await ask(
          nil,
          session: try forged(session) { _, claims in
            claims.replace(#""iss":"cardea""#, with: #""iss":"other""#)
          })
      case (.sessionAudience, .jwt):
        return try await ask(
          nil,
          session: try forged(session) { _, claims in
            claims.replace(#""aud":"cardea""#, with: #""aud":"other""#)
          })
      default: return nil
      }
    }

    /// One slow hash has the only thread, so that the next one is refused.
    private func overload() async throws -> Int {
      func slowKey() async throws -> String {
        let token = try token()
        let key = KeyRecord(
          id: UUID.version7(at: rig.clock.now(), random: rig.kernel.primitives.randomBytes(10)),
          prefix: String(token.prefix { $0 != ":" }), name: "slow", format: "keysmith",
          createdAt: rig.clock.now(), createdBy: "import",
          secrets: [
            StoredSecret(
              id: UUID.version7(at: rig.clock.now(), random: rig.kernel.primitives.randomBytes(10)),
              hash: EncodedHash("gate$"), format: "keysmith", createdAt: rig.clock.now())
          ])
        _ = try await rig.kernel.importKeys([rig.kernel.readyImported(StoredKey(key: key))])
        return token
      }
      let (first, second) = (try await slowKey(), try await slowKey())
      let held = Task { try await ask(first) }
      for await _ in gate.begun { break }
      let status = try await ask(second)
      gate.open()
      // What held the thread is an answer like any other.
      #expect(try await held.value == 200)
      return status
    }

    // MARK: The log

    /// How many attempts the log has by reason (`-` for allowed) and status.
    func logged() async throws -> [String: Int64] {
      await rig.kernel.drainAccessLog()
      var counts: [String: Int64] = [:]
      for head in store.accessHeads() {
        for entry in store.accessLog(node: head.node, after: 0, limit: 100_000) {
          counts["\(entry.status) \(entry.reason ?? "-")", default: 0] += entry.count
        }
      }
      return counts
    }
  }

  /// Holds the thread that verifies until it is told to let go; then every secret is right.
  private final class GateHasher: SecretHasher {
    let id = "hasher.gate"
    let algorithm = "gate"
    let cost = HashCost.slow
    let begun: AsyncStream<Void>
    private let begins: AsyncStream<Void>.Continuation
    private let latch = DispatchSemaphore(value: 0)

    init() { (begun, begins) = AsyncStream<Void>.makeStream() }

    func open() { latch.signal() }

    func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash {
      throw .failed(algorithm: algorithm, reason: "it only reads")
    }
    func verify(_ request: VerifyRequest) -> Bool {
      begins.yield()
      latch.wait()
      return true
    }
    func needsRehash(_ hash: EncodedHash) -> Bool { false }
  }

  private struct Moody: Policy {
    struct Mood: Error {}
    let id = "policy.moody"
    let deadline: Duration = .seconds(60)
    func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
      switch context.identity?.name {
      case "denied": return .deny(PolicyDenial(code: "denied"))
      case "limited": return .deny(PolicyDenial(code: "limited", status: .tooManyRequests))
      case "throws": throw Mood()
      default: return .pass
      }
    }
  }

  private static func signingKey() throws -> Ed25519.PrivateKey {
    try #require(Ed25519.PrivateKey(seed: Secret([UInt8](repeating: 5, count: 32))))
  }

  private func withWorld(
    _ format: SessionOptions.Format, _ test: @escaping @Sendable (World) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "cardea-accounting-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = MemoryStore()
    let failure = PlannedFailure()
    let gate = GateHasher()
    let diskIsFull = Locked(false)
    let spool = SpoolAuditSink(
      path: folder.appending(path: "spool").path, tier: .process, deadline: .seconds(60)
    ) { descriptor, bytes in
      guard !diskIsFull.withLock({ $0 }) else {
        errno = ENOSPC
        return -1
      }
      return SpoolAuditSink.systemWrite(descriptor, bytes)
    }
    let key = try AccountingTests.signingKey()
    try await ServerRig.run(
      store: FailingStore(store, failure), plugins: [spool, gate, Moody()],
      options: {
        $0.sessions.format = format
        $0.sessions.signingKeys = [key]
      },
      kernel: {
        $0.hashPoolWidth = 1
        $0.hashQueueLimit = 0
        $0.hashDeadline = .seconds(60)
        // Nothing goes on by the clock: what the store is asked next is what the test asks for.
        $0.usageFlushInterval = .seconds(86_400)
        $0.auditDrainInterval = .seconds(86_400)
        $0.auditUpkeepInterval = .seconds(86_400)
        $0.sweepInterval = nil
      }, server: { $0.trustedProxies = [CIDR("127.0.0.1")].compactMap(\.self) }
    ) { rig in
      rig.clock.freeze()
      try await test(
        World(
          rig: rig, store: store, failure: failure, gate: gate, diskIsFull: diskIsFull,
          format: format))
    }
  }

  /// What each format of sessions can't be brought to.
  private static let unreachable: [SessionOptions.Format: Set<Denial.Reason>] = [
    .jwt: [.sessionUnknown],
    .opaque: [
      .sessionAlgorithm, .sessionType, .sessionKey, .sessionSignature, .sessionIssuer,
      .sessionAudience,
    ],
  ]

  @Test(arguments: SessionOptions.Format.allCases)
  func everyOutcomeIsLoggedAsItWasAnswered(_ format: SessionOptions.Format) async throws {
    try await withWorld(format) { world in
      for reason in Denial.Reason.allCases {
        let before = try await world.logged()
        var statuses: [Int] = []
        // Cold and, of what can be remembered, warm: another attempt is another entry.
        for _ in 0..<2 {
          if let status = try await world.provoke(reason) { statuses.append(status) }
        }
        let isReachable = AccountingTests.unreachable[format]?.contains(reason) != true
        #expect(statuses.count == (isReachable ? 2 : 0), "\(reason)")
        let after = try await world.logged()
        let status = Denial(reason, verified: true).status
        #expect(statuses.allSatisfy { $0 == status }, "\(reason): \(statuses)")
        let line = "\(status) \(reason.rawValue)"
        #expect((after[line] ?? 0) - (before[line] ?? 0) == Int64(statuses.count), "\(line)")
        // Nothing else was counted but what was allowed on the way: sessions, log-outs, the slow hash.
        let others = after.filter { $0.key != line && $0.value != before[$0.key] ?? 0 }
        #expect(Set(others.keys).isSubset(of: ["200 -"]), "\(reason): \(others)")
      }
    }
  }

  /// Floods of every kind, warm and cold, many at once: rows and counts are the answers.
  @Test func aFloodIsCountedToTheLastAnswer() async throws {
    try await withWorld(.opaque) { world in
      let key = try await world.rig.key()
      let suspended = try await world.rig.key()
      let id = try #require(UUID(uuidString: suspended.id))
      _ = try await world.rig.kernel.suspendKey(id, by: .host)
      let prefix = String(key.token.prefix { $0 != ":" })
      let before = try await world.logged()
      // One connection each, requests one behind the other, answers counted as they come.
      let answered = try await withThrowingTaskGroup(of: [Int: Int].self) { group in
        for _ in 0..<6 {
          var requests = ""
          for number in 0..<600 {
            let token: String? =
              switch number % 6 {
              case 0: key.token
              case 1: suspended.token
              case 2: try world.token(under: prefix)
              case 3: try world.token()
              case 4: "nonsense-\(number)"
              default: nil
              }
            requests += "GET /auth HTTP/1.1\r\nHost: test\r\n"
            // Some have an address, and so a limit.
            if number % 2 == 1 { requests += "X-Forwarded-For: 192.0.2.1\r\n" }
            if let token { requests += "X-API-Key: \(token)\r\n" }
            requests += number == 599 ? "Connection: close\r\n\r\n" : "\r\n"
          }
          let bytes = Array(requests.utf8)
          group.addTask {
            let text = String(decoding: try await world.rig.client.raw(bytes), as: UTF8.self)
            var statuses: [Int: Int] = [:]
            for status in [200, 401, 403, 429, 500, 503] {
              statuses[status] = text.components(separatedBy: "HTTP/1.1 \(status) ").count - 1
            }
            return statuses
          }
        }
        return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
      }
      #expect(answered.values.reduce(0, +) == 3_600)
      #expect(answered[200] == 600 && answered[500] == 0 && answered[503] == 0)
      #expect((answered[429] ?? 0) > 0, "the limit was not reached")
      let after = try await world.logged()
      for (status, count) in answered {
        func logged(_ counts: [String: Int64]) -> Int64 {
          counts.filter { $0.key.hasPrefix("\(status) ") }.values.reduce(0, +)
        }
        #expect(logged(after) - logged(before) == Int64(count), "\(status)")
      }
      let rows = world.store.accessHeads().reduce(0) {
        $0 + world.store.accessLog(node: $1.node, after: 0, limit: 100_000).count
      }
      #expect(rows < 2_000, "of 3,600 answers, 3,000 of them a flood")
      #expect(try await world.rig.kernel.verifyAudit().isIntact)
    }
  }
}
