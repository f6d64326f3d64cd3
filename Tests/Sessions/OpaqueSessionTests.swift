import CardeaLifecycle
import CardeaSessions
import CardeaSodium
import Testing

/// What only opaque sessions have: an end that moves, and a table that is full at some point.
@Suite struct OpaqueSessionTests {
  let primitives: SodiumPrimitives

  init() throws { primitives = try SodiumPrimitives() }

  private func sliding(longest: Duration) -> OpaqueSessions {
    OpaqueSessions(
      lifetime: .seconds(300), slides: true, longest: longest, extractors: SessionRig.extractors,
      primitives: primitives)
  }

  @Test func aUseMovesTheEnd() async throws {
    let rig = try await SessionRig(issuer: sliding(longest: .seconds(1_000)))
    let token = try await rig.session(of: try await rig.key().token).token
    for _ in 0..<3 {
      rig.clock.advance(299)
      #expect(await rig.reason(token) == nil)
    }
    // 897 s old: the next end would be at 1197, but 1000 is the longest.
    rig.clock.advance(102)
    #expect(await rig.reason(token) == nil)
    rig.clock.advance(1)
    #expect(await rig.reason(token) == .sessionExpired)
  }

  @Test func withoutAUseItEnds() async throws {
    let rig = try await SessionRig(issuer: sliding(longest: .seconds(1_000)))
    let token = try await rig.session(of: try await rig.key().token).token
    rig.clock.advance(299)
    #expect(await rig.reason(token) == nil)
    rig.clock.advance(300)
    #expect(await rig.reason(token) == .sessionExpired)
  }

  @Test func aRefusedUseMovesNothing() async throws {
    let rig = try await SessionRig(issuer: sliding(longest: .seconds(1_000)))
    let token = try await rig.session(of: try await rig.key().token).token
    rig.clock.advance(299)
    let requirement = Requirement(scopes: ["stock:read"])
    #expect(await rig.reason(token, requiring: requirement) == .insufficientScope)
    rig.clock.advance(1)
    #expect(await rig.reason(token) == .sessionExpired)
  }

  @Test func outlivesItsKeyNoMoreForSliding() async throws {
    let rig = try await SessionRig(issuer: sliding(longest: .seconds(1_000)))
    let key = try await rig.key { $0.expiry = .after(.seconds(320)) }
    let token = try await rig.session(of: key.token).token
    rig.clock.advance(200)
    #expect(await rig.reason(token) == nil)
    rig.clock.advance(120)
    #expect(await rig.reason(token) == .expired)
  }

  @Test func tokensAreRandomAndOfOneShape() async throws {
    let rig = try await SessionRig(.opaque)
    let key = try await rig.key()
    var seen: Set<String> = []
    for _ in 0..<100 {
      let text = try await rig.session(of: key.token).token.reveal()
      #expect(text.utf8.count == 70)
      #expect(text.hasPrefix("ses."))
      seen.insert(String(text.suffix(43)))
    }
    #expect(seen.count == 100)
  }

  @Test func everyOtherTokenIsUnknown() async throws {
    let rig = try await SessionRig(.opaque)
    let key = try await rig.key()
    let good = Array(try await rig.session(of: key.token).token.reveal().utf8)
    for index in good.indices {
      var other = good
      other[index] = other[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(await rig.verdict(Secret(other)).identity == nil, "\(index)")
    }
    let second = Array(try await rig.session(of: key.token).token.reveal().utf8)
    #expect(await rig.reason(Secret(good.prefix(27) + second.suffix(43))) == .sessionUnknown)
    // Another process does not know it.
    let other = try await SessionRig(.opaque)
    #expect(await other.reason(Secret(good)) == .sessionUnknown)
  }

  @Test func oneKeyTakesAQuarterOfTheTable() async throws {
    let rig = try await SessionRig(
      issuer: OpaqueSessions(
        lifetime: .seconds(300), entries: 8, extractors: SessionRig.extractors,
        primitives: primitives))
    let greedy = try await rig.key()
    for _ in 0..<2 { _ = try await rig.session(of: greedy.token) }
    await #expect(throws: LifecycleError.sessionLimit) { try await rig.session(of: greedy.token) }
    for _ in 0..<3 {
      let key = try await rig.key()
      for _ in 0..<2 { _ = try await rig.session(of: key.token) }
    }
    let late = try await rig.key()
    await #expect(throws: LifecycleError.sessionLimit) { try await rig.session(of: late.token) }
    // What has expired makes room.
    rig.clock.advance(300)
    #expect(await rig.reason(try await rig.session(of: late.token).token) == nil)
    #expect(await rig.reason(try await rig.session(of: greedy.token).token) == nil)
  }

  @Test func aLogOutThatCantBeRememberedIsNotPromised() async throws {
    let rig = try await SessionRig(issuer: try SessionRig.jwt(primitives, entries: 4))
    let key = try await rig.key()
    let facts = RequestFacts(method: "DELETE", path: "/")
    let first = try await rig.session(of: key.token)
    try await rig.kernel.logOut(
      try #require(await rig.verdict(first.token).identity), request: facts)
    let second = try await rig.session(of: key.token)
    let identity = try #require(await rig.verdict(second.token).identity)
    await #expect(throws: LifecycleError.sessionLimit) {
      try await rig.kernel.logOut(identity, request: facts)
    }
    #expect(await rig.reason(first.token) == .sessionEnded)
    #expect(await rig.reason(second.token) == nil)
    rig.clock.advance(300)
    let third = try await rig.session(of: key.token)
    try await rig.kernel.logOut(
      try #require(await rig.verdict(third.token).identity), request: facts)
    #expect(await rig.reason(third.token) == .sessionEnded)
    #expect(await rig.reason(first.token) == .sessionExpired)
  }
}
