import CardeaFormats
import CardeaLifecycle
import CardeaSessions
import CardeaSodium
import Testing

/// Sessions in the kernel, both kinds: they can do what their key can, no more, and die with it.
@Suite struct SessionTests {
  @Test(arguments: SessionRig.Kind.allCases)
  func aSessionStandsForItsKey(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let key = try await rig.key { $0.owner = OwnerReference(name: "acme") }
    let issued = try await rig.session(of: key.token)
    // Once by the store, then by memory.
    for _ in 0..<2 {
      let identity = try #require(await rig.verdict(issued.token).identity)
      #expect(identity.keyID == key.stored.key.id)
      #expect(identity.owner == "acme")
      #expect(identity.scopes == ["orders:read", "orders:write"])
      #expect(identity.session == issued.session)
    }
    let call = Call([("x-session-token", issued.token.reveal())])
    #expect(rig.kernel.authenticateIfWarm(call)?.identity != nil)
    // Under the scheme, in a request that was handed over by itself, and beside a key, which wins.
    let bearer = Call([("authorization", "bearer \(issued.token.reveal())")])
    #expect(await rig.kernel.authenticate(bearer).identity?.session == issued.session)
    let verified = await rig.kernel.verify(
      token: issued.token, facts: RequestFacts(method: "VERIFY", path: "/"))
    #expect(verified.identity?.session == issued.session)
    let both = Call([
      ("x-api-key", key.token.reveal()), ("x-session-token", issued.token.reveal()),
    ])
    let identity = try #require(await rig.kernel.authenticate(both).identity)
    #expect(identity.session == nil)
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func expiresOnTime(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let key = try await rig.key()
    let issued = try await rig.session(of: key.token)
    #expect(issued.session.issuedAt == Timestamp(milliseconds: 1_795_219_200_000))
    rig.clock.advance(299)
    #expect(await rig.reason(issued.token) == nil)
    rig.clock.advance(1)
    #expect(await rig.reason(issued.token) == .sessionExpired)
    // The clock going back revives nothing.
    rig.clock.advance(-200)
    #expect(await rig.reason(issued.token) == .sessionExpired)
    #expect(await rig.verdict(key: key.token).identity != nil)
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func diesWithItsKey(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let kernel = rig.kernel
    func died(
      as reason: Denial.Reason, _ end: (IssuedKey) async throws -> Void
    ) async throws {
      let key = try await rig.key { $0.owner = OwnerReference(name: "acme") }
      let warm = try await rig.session(of: key.token)
      let cold = try await rig.session(of: key.token)
      #expect(await rig.reason(warm.token) == nil)
      try await end(key)
      #expect(await rig.reason(warm.token) == reason)
      #expect(await rig.reason(cold.token) == reason)
    }
    try await died(as: .revoked) { _ = try await kernel.revokeKey($0.stored.key.id, by: .host) }
    try await died(as: .suspended) { _ = try await kernel.suspendKey($0.stored.key.id, by: .host) }
    try await died(as: .purged) { _ = try await kernel.purgeKey($0.stored.key.id, by: .host) }
    try await died(as: .expired) { key in
      var edit = KeyEdit()
      edit.expiry = .after(.seconds(10))
      _ = try await kernel.updateKey(key.stored.key.id, edit, by: .host)
      rig.clock.advance(10)
    }
    try await died(as: .sessionEnded) {
      _ = try await kernel.rotateToken($0.stored.key.id, Rotation(), by: .host)
    }
    try await died(as: .sessionEnded) { key in
      _ = try await kernel.rotateToken(
        key.stored.key.id, Rotation(overlap: .seconds(20)), by: .host)
      rig.clock.advance(20)
    }
    try await died(as: .ownerDisabled) { key in
      _ = try await kernel.disableOwner(try #require(key.stored.key.ownerID), by: .host)
    }
  }

  /// It is no guess: however often its user goes on with it, the key's new token is let in from the same address.
  @Test(arguments: SessionRig.Kind.allCases)
  func locksNobodyOutWhenItIsDead(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let key = try await rig.key()
    let session = try await rig.session(of: key.token)
    let new = try await rig.kernel.rotateToken(key.stored.key.id, Rotation(), by: .host)
    for _ in 0..<20 { #expect(await rig.reason(session.token) == .sessionEnded) }
    #expect(await rig.verdict(key: new.token).identity != nil)
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func outlivesNeitherKeyNorSecret(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let short = try await rig.key { $0.expiry = .after(.seconds(60)) }
    let start = Timestamp(milliseconds: 1_795_219_200_000)
    #expect(
      try await rig.session(of: short.token).session.expiresAt == start.adding(.seconds(60)))
    let rotated = try await rig.key()
    _ = try await rig.kernel.rotateToken(
      rotated.stored.key.id, Rotation(overlap: .seconds(30)), by: .host)
    #expect(
      try await rig.session(of: rotated.token).session.expiresAt == start.adding(.seconds(30)))
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func mayDoWhatItsKeyStillMay(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let key = try await rig.key()
    let all = try await rig.session(of: key.token)
    let read = try await rig.session(of: key.token, scopes: ["orders:read"])
    let none = try await rig.session(of: key.token, scopes: [])
    let reading = Requirement(scopes: ["orders:read"])
    let writing = Requirement(scopes: ["orders:write"])
    #expect(await rig.reason(all.token, requiring: writing) == nil)
    #expect(await rig.reason(read.token, requiring: reading) == nil)
    #expect(await rig.reason(read.token, requiring: writing) == .insufficientScope)
    #expect(await rig.reason(none.token, requiring: reading) == .insufficientScope)
    #expect(await rig.reason(none.token) == nil)
    // V7: the next request sees an edit, and what the key gains later the session does not.
    var edit = KeyEdit()
    edit.scopes = ["orders:write", "stock:read"]
    _ = try await rig.kernel.updateKey(key.stored.key.id, edit, by: .host)
    #expect(await rig.reason(read.token, requiring: reading) == .insufficientScope)
    #expect(await rig.reason(all.token, requiring: writing) == nil)
    #expect(
      await rig.reason(all.token, requiring: Requirement(scopes: ["stock:read"]))
        == .insufficientScope)
    #expect(await rig.verdict(all.token).identity?.scopes == ["orders:write"])
    #expect(
      await rig.reason(all.token, requiring: Requirement(keyClass: "internal")) == .wrongClass)
  }

  @Test func asksForNoMoreThanTheKeyHas() async throws {
    let rig = try await SessionRig(.jwt)
    let key = try await rig.key()
    await #expect(throws: LifecycleError.self) {
      try await rig.session(of: key.token, scopes: ["orders:read", "stock:read"])
    }
    await #expect(throws: LifecycleError.self) {
      try await rig.session(of: key.token, scopes: ["cardea:admin"])
    }
    await #expect(throws: LifecycleError.self) {
      try await rig.session(of: key.token, scopes: ["two words"])
    }
    let name = String(repeating: "x", count: 100)
    let many = (0..<100).map { "\(name):\($0)" }
    let wide = try await rig.key { $0.scopes = many }
    await #expect(throws: LifecycleError.self) { try await rig.session(of: wide.token) }
    let few = try await rig.session(of: wide.token, scopes: Array(many.prefix(20)))
    #expect(await rig.reason(few.token) == nil)
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func aSessionMakesNoSession(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let issued = try await rig.session(of: try await rig.key().token)
    let identity = try #require(await rig.verdict(issued.token).identity)
    #expect(throws: LifecycleError.keyRequired) {
      try rig.kernel.createSession(for: identity)
    }
  }

  @Test func noSessionComesOfAnOldVerdict() async throws {
    let rig = try await SessionRig(.jwt)
    let key = try await rig.key()
    let identity = try #require(await rig.verdict(key: key.token).identity)
    _ = try await rig.kernel.revokeKey(key.stored.key.id, by: .host)
    #expect(throws: LifecycleError.conflict) { try rig.kernel.createSession(for: identity) }
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func loggingOutEndsOneSession(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let loggedOut = Collected<AccessEvent>()
    rig.kernel.signals.subscribe(
      UserLoggedOut.self, id: "test.out", .queue(bound: 10, overflow: .dropNewest)
    ) { loggedOut.append($0.event) }
    let key = try await rig.key()
    let first = try await rig.session(of: key.token)
    let second = try await rig.session(of: key.token)
    let identity = try #require(await rig.verdict(first.token).identity)
    let facts = RequestFacts(method: "DELETE", path: "/v1/sessions/current")
    try await rig.kernel.logOut(identity, request: facts)
    #expect(await rig.reason(first.token) == .sessionEnded)
    #expect(await rig.verdict(first.token).identity == nil)
    #expect(await rig.verdict(second.token).identity != nil)
    // Once more changes nothing.
    try await rig.kernel.logOut(identity, request: facts)
    let byKey = try #require(await rig.verdict(key: key.token).identity)
    await #expect(throws: LifecycleError.sessionRequired) {
      try await rig.kernel.logOut(byKey, request: facts)
    }
    await rig.kernel.drain()
    #expect(loggedOut.all.map(\.session) == [first.session.id, first.session.id])
    #expect(loggedOut.all.first?.keyID == key.stored.key.id)
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func isAccountedForUnderItsKey(_ kind: SessionRig.Kind) async throws {
    let sink = EventSink()
    let rig = try await SessionRig(kind) { $0.use(sink) }
    let loggedIn = Collected<AccessEvent>()
    let failed = Collected<AccessEvent>()
    rig.kernel.signals.subscribe(
      UserLoggedIn.self, id: "test.in", .queue(bound: 10, overflow: .dropNewest)
    ) { loggedIn.append($0.event) }
    rig.kernel.signals.subscribe(
      AuthenticationFailed.self, id: "test.failed", .queue(bound: 10, overflow: .dropNewest)
    ) { failed.append($0.event) }
    let key = try await rig.key()
    let issued = try await rig.session(of: key.token)
    #expect(await rig.reason(issued.token) == nil)
    #expect(await rig.reason(issued.token) == nil)
    _ = try await rig.kernel.revokeKey(key.stored.key.id, by: .host)
    #expect(await rig.reason(issued.token) == .revoked)
    await rig.kernel.drain()
    // The log-in is the key's; what its session does is in the audit alone.
    #expect(loggedIn.all.map(\.session) == [nil])
    #expect(failed.all.map(\.session) == [issued.session.id])
    let id = issued.session.id
    #expect(sink.events.all.map(\.session) == [nil, id, id, id])
    #expect(sink.events.all.map(\.reason) == [nil, nil, nil, .revoked])
    #expect(sink.events.all.allSatisfy { $0.keyID == key.stored.key.id })
    await rig.kernel.flushUsage()
    #expect(try await rig.kernel.key(key.stored.key.id).key.lastUsedAt == rig.clock.now())
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func policiesJudgeIt(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind) { $0.use(ClosedPolicy()) }
    let key = try await rig.key()
    let issued = try await rig.session(of: key.token)
    #expect(await rig.reason(issued.token) == nil)
    var edit = KeyEdit()
    edit.metadata = ["closed": .bool(true)]
    _ = try await rig.kernel.updateKey(key.stored.key.id, edit, by: .host)
    #expect(await rig.reason(issued.token) == .policyDenied)
  }

  /// Whoever guesses at the key from the session's address does not keep the session out.
  @Test(arguments: SessionRig.Kind.allCases)
  func isNoGuess(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let key = try await rig.key()
    let issued = try await rig.session(of: key.token)
    var reasons: [Denial.Reason?] = []
    for _ in 0..<12 {
      let wrong = try KeysmithFormat().build(
        TokenRequest(
          namespace: "tok", identifierLength: 8, secretLength: 32, prefix: key.stored.key.prefix,
          primitives: SodiumPrimitives()))
      reasons.append(await rig.verdict(key: wrong.token).denial?.reason)
    }
    #expect(reasons.last == .rateLimited)
    #expect(await rig.reason(issued.token) == nil)
  }

  /// Guesses at sessions are limited for each address; who guesses keeps neither a session nor a key out, not even
  /// at the same address.
  @Test(arguments: SessionRig.Kind.allCases)
  func guessesAtSessionsAreLimited(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let key = try await rig.key()
    let other = try await rig.key()
    let cold = try await rig.session(of: key.token)
    let right = Array(cold.token.reveal().utf8)
    // Another last quarter: of a JWT the signature is wrong, of an opaque token the secret.
    func guess(_ number: Int) -> Secret {
      var bytes = right
      let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef".utf8)
      let place = bytes.count - 20
      bytes[place] = digits[number % 32] == bytes[place] ? digits[31] : digits[number % 32]
      bytes[place + 1] = digits[number / 32 % 32]
      return Secret(bytes)
    }
    let wrong: Denial.Reason = kind == .jwt ? .sessionSignature : .sessionUnknown
    var reasons: [Denial.Reason?] = []
    for number in 0..<103 { reasons.append(await rig.reason(guess(number))) }
    #expect(reasons.prefix(100).allSatisfy { $0 == wrong })
    #expect(reasons.suffix(3).allSatisfy { $0 == .rateLimited })
    let limited = await rig.verdict(guess(200)).denial
    #expect(limited?.policy?.code == "failed_attempts")
    #expect(limited?.retryAfter != nil)
    // What explains says the same, and counts nothing.
    let explained = await rig.kernel.explain(
      token: guess(200), facts: RequestFacts(Call([])))
    #expect(explained.decidedBy?.name == "failed_attempts")
    #expect(await rig.reason(cold.token) == nil, "a session that was never used before")
    #expect(await rig.verdict(key: other.token).identity != nil, "a key that was never used before")
    var elsewhere = Call([("x-session-token", guess(201).reveal())])
    elsewhere.clientAddress = "192.0.2.8"
    #expect(await rig.kernel.authenticate(elsewhere).denial?.reason == wrong)
    rig.clock.advance(1)
    #expect(await rig.reason(guess(202)) == wrong)
  }

  /// What can't be right, or was, is no guess.
  @Test func whatIsNoGuessIsNotLimited() async throws {
    let rig = try await SessionRig(.jwt)
    let issued = try await rig.session(of: try await rig.key().token)
    for _ in 0..<150 {
      #expect(
        await rig.reason(Secret(Array("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA".utf8)))
          == .sessionAlgorithm)
    }
    rig.clock.advance(300)
    for _ in 0..<150 { #expect(await rig.reason(issued.token) == .sessionExpired) }
  }

  /// What is no session token gets the reason that it got before there were sessions.
  @Test func strangersLearnNothingNew() async throws {
    let rig = try await SessionRig(.jwt)
    let issued = try await rig.session(of: try await rig.key().token)
    let good = issued.token.reveal()
    func reason(_ headers: [(String, String)]) async -> Denial.Reason? {
      await rig.kernel.authenticate(Call(headers)).denial?.reason
    }
    #expect(await reason([]) == .missing)
    #expect(await reason([("x-session-token", "")]) == .missing)
    #expect(await reason([("x-session-token", "nonsense")]) == .malformed)
    #expect(await reason([("authorization", "Bearer nonsense")]) == .malformed)
    #expect(await reason([("authorization", "Bearer \(good) \(good)")]) == .malformed)
    #expect(await reason([("x-session-token", good), ("x-session-token", good)]) == .ambiguous)
    #expect(await reason([("x-session-token", "\(good),\(good)")]) == .ambiguous)
    let long = String(repeating: "x", count: 5_000)
    #expect(await reason([("x-session-token", "eyJ\(long)..")]) == .malformed)
    let alien = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA"
    #expect(await reason([("x-session-token", alien)]) == .sessionAlgorithm)
    #expect(await reason([("authorization", "Bearer \(alien)")]) == .sessionAlgorithm)
    // A user's own JWT beside a session, as beside a key.
    #expect(await reason([("x-session-token", good), ("authorization", "Bearer \(alien)")]) == nil)
    let other = try await rig.session(of: try await rig.key().token).token.reveal()
    #expect(
      await reason([("x-session-token", good), ("authorization", "Bearer \(other)")])
        == .ambiguous)
    let optional = await rig.kernel.authenticate(
      Call([]), requiring: Requirement(isOptional: true))
    #expect(optional.denial?.reason == .missing)
    // No anonymous service for who presents a token that is no good.
    let bad = await rig.kernel.authenticate(
      Call([("x-session-token", "nonsense")]), requiring: Requirement(isOptional: true))
    #expect(bad.denial?.reason == .malformed)
    for refusal in SessionRefusal.allCases {
      let reason = try #require(Denial.Reason(rawValue: "session_\(refusal.rawValue)"))
      #expect(Denial(reason).category == .unauthenticated)
    }
  }

  @Test func withoutAnIssuerThereAreNone() async throws {
    let primitives = try SodiumPrimitives()
    let rig = try await SessionRig(.jwt)
    let token = try await rig.session(of: try await rig.key().token).token
    #expect(throws: ConfigurationFaults.self) {
      var registry = Registry()
      registry.use(try SessionRig.jwt(primitives))
      registry.use(
        OpaqueSessions(lifetime: .seconds(1), extractors: [], primitives: primitives))
      _ = try AuthKernel(registry)
    }
    // Another issuer's key.
    let other = try await SessionRig(issuer: try SessionRig.jwt(primitives, keys: []))
    #expect(await other.reason(token) == .sessionKey)
  }
}

/// Keeps what it is given.
final class EventSink: AuditSink {
  let id = "audit.events"
  let events = Collected<AccessEvent>()
  func record(_ batch: [AccessEvent]) throws { for event in batch { events.append(event) } }
  func flush() throws {}
}

/// Denies keys that are marked closed.
struct ClosedPolicy: Policy {
  let id = "policy.closed"
  func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
    context.identity?.metadata["closed"] == .bool(true)
      ? .deny(PolicyDenial(code: "closed")) : .pass
  }
}
