import CardeaContracts
import CardeaLifecycle
import CardeaMemoryStore
import CardeaSodium
import Dispatch
import Testing

@testable import CardeaKernel
@testable import CardeaLimits

@Suite("failed attempts are limited before anything is done for them")
struct FailedAttemptsTests {
  private func denial(
    _ rig: Rig, _ token: Secret, from address: String? = "192.0.2.7"
  ) async -> Denial? {
    var call = Call(token)
    call.clientAddress = address
    return await rig.kernel.authenticate(call).denial
  }

  /// The reasons of so many attempts, each with another secret.
  private func reasons(
    _ rig: Rig, _ count: Int, on prefix: String?, from address: String? = "192.0.2.7"
  ) async throws -> [Denial.Reason?] {
    var reasons: [Denial.Reason?] = []
    for _ in 0..<count {
      reasons.append(await denial(rig, try wrongToken(prefix), from: address)?.reason)
    }
    return reasons
  }

  @Test func aPairOfPrefixAndAddressHasTenAMinute() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    let prefix = issued.stored.key.prefix
    let found = try await reasons(rig, 12, on: prefix)
    #expect(found == Array(repeating: .wrongSecret, count: 10) + [.rateLimited, .rateLimited])
    let denial = try #require(await denial(rig, try wrongToken(prefix)))
    #expect(denial.category == .limited)
    #expect(!denial.verified)
    #expect(denial.limits.isEmpty)
    #expect(denial.policy?.code == "failed_attempts")
    #expect(denial.retryAfter == .seconds(6))
    rig.clock.advance(.seconds(6))
    #expect(try await reasons(rig, 2, on: prefix) == [.wrongSecret, .rateLimited])
  }

  /// What it depends on is the address and the bytes, never on whether there is such a key: of the one wrong tokens
  /// are remembered and of the other not.
  @Test(arguments: [false, true]) func itDoesNotTellWhetherAPrefixExists(same: Bool) async throws {
    let rig = try await Rig()
    let real = try await rig.key().stored.key.prefix
    let purged = try await rig.key()
    _ = try await rig.kernel.purgeKey(purged.stored.key.id, by: .host)
    var limited: [[Bool]] = []
    var waits: [[Duration?]] = []
    for (index, prefix) in [real, "tok_NOBODY00", purged.stored.key.prefix].enumerated() {
      let fixed = try wrongToken(prefix)
      var denials: [Denial?] = []
      for _ in 0..<15 {
        let token = same ? fixed : try wrongToken(prefix)
        denials.append(await denial(rig, token, from: "198.51.100.\(index)"))
        rig.clock.advance(.milliseconds(100))
      }
      rig.clock.advance(.seconds(3_600))
      limited.append(denials.map { $0?.reason == .rateLimited })
      waits.append(denials.map { $0?.reason == .rateLimited ? $0?.retryAfter : nil })
    }
    #expect(limited[0].count { $0 } == 5)
    #expect(limited[0] == limited[1] && limited[0] == limited[2])
    #expect(waits[0] == waits[1] && waits[0] == waits[2])
  }

  @Test func knowingAPrefixLocksNobodyOut() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    let prefix = issued.stored.key.prefix
    _ = try await reasons(rig, 50, on: prefix, from: "203.0.113.66")
    #expect(await denial(rig, issued.token, from: "192.0.2.7") == nil)
    // Nor from the attacker's own address, once the token is known.
    #expect(await denial(rig, issued.token, from: "203.0.113.66") == nil)
    #expect(await denial(rig, try wrongToken(prefix), from: "203.0.113.66")?.reason == .rateLimited)
    // Nor if it has to be looked up anew.
    rig.kernel.stamps.changed(prefix: prefix, owner: nil)
    #expect(await denial(rig, issued.token, from: "203.0.113.66") == nil)
  }

  @Test func anAddressHasAHundredAMinuteOverAllPrefixes() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    var found: [Denial.Reason?] = []
    for _ in 0..<105 { found += try await reasons(rig, 1, on: nil) }
    #expect(found.count { $0 == .unknown } == 100)
    #expect(found.suffix(5).allSatisfy { $0 == .rateLimited })
    #expect(await denial(rig, issued.token)?.reason == .rateLimited, "not known yet")
    #expect(await denial(rig, issued.token, from: "192.0.2.8") == nil)
    rig.clock.advance(.milliseconds(600))
    #expect(await denial(rig, issued.token) == nil)
  }

  /// A client that was good a short while ago is not at the mercy of others behind the same address.
  @Test func aPairThatSucceededKeepsABudgetOfItsOwnForADay() async throws {
    // Nothing is remembered of tokens, so every attempt goes the whole way.
    let rig = try await Rig { $0.cacheEntries = 0 }
    let issued = try await rig.key()
    #expect(await denial(rig, issued.token) == nil)
    for _ in 0..<100 { _ = try await reasons(rig, 1, on: nil) }
    #expect(try await reasons(rig, 1, on: nil) == [.rateLimited])
    #expect(await denial(rig, issued.token) == nil)
    rig.clock.advance(.seconds(23 * 3_600))
    for _ in 0..<101 { _ = try await reasons(rig, 1, on: nil) }
    #expect(await denial(rig, issued.token) == nil, "and so for another day")
    rig.clock.advance(.seconds(25 * 3_600))
    for _ in 0..<101 { _ = try await reasons(rig, 1, on: nil) }
    #expect(await denial(rig, issued.token)?.reason == .rateLimited)
    // The budget of its own has an end too.
    rig.clock.advance(.seconds(60))
    #expect(await denial(rig, issued.token) == nil)
    let found = try await reasons(rig, 12, on: issued.stored.key.prefix)
    #expect(found.count { $0 == .rateLimited } == 2)
  }

  /// Nor does it have to be asked about in the store for that.
  @Test func aPairThatMemoryLetsInKeepsIt() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    for _ in 0..<2 {
      #expect(await denial(rig, issued.token) == nil)
      rig.clock.advance(.seconds(23 * 3_600))
      await rig.kernel.flushUsage()
    }
    for _ in 0..<101 { _ = try await reasons(rig, 1, on: nil) }
    let next = try await rig.kernel.rotateToken(issued.stored.key.id, by: .host)
    #expect(await denial(rig, next.token) == nil)
  }

  @Test func aTokenThatIsRightIsNeverCounted() async throws {
    let rig = try await Rig { $0.cacheEntries = 0 }
    let issued = try await rig.key()
    for _ in 0..<300 { #expect(await denial(rig, issued.token) == nil) }
    _ = try await rig.kernel.suspendKey(issued.stored.key.id, by: .host)
    for _ in 0..<300 { #expect(await denial(rig, issued.token)?.reason == .suspended) }
  }

  /// Clients that go on with a token that was rotated out must not keep the new one from getting in.
  @Test func aTokenThatWasRotatedOutIsNoGuess() async throws {
    let rig = try await Rig()
    let old = try await rig.key()
    #expect(await denial(rig, old.token) == nil)
    let new = try await rig.kernel.rotateToken(old.stored.key.id, by: .host)
    for _ in 0..<200 { #expect(await denial(rig, old.token)?.reason == .wrongSecret) }
    #expect(await denial(rig, new.token) == nil)
  }

  /// A busy client whose server has just started: many requests with a token that nobody knows yet.
  @Test func theSameTokenManyTimesAtOnceIsOneAttempt() async throws {
    let rig = try await Rig(slow: true, configure: { $0.hashDeadline = .seconds(60) })
    let issued = try await rig.key()
    let denied = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<64 { group.addTask { await denial(rig, issued.token) != nil } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(denied == 0)
  }

  /// As many at once get no further than one after the other.
  @Test func aThousandGuessesAtOnceCostTenReadings() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let prefix = try await rig.key().stored.key.prefix
    let tokens = try (0..<1_000).map { _ in try wrongToken(prefix) }
    let before = store.finds
    let limited = await withTaskGroup(of: Bool.self) { group in
      for token in tokens {
        group.addTask { await denial(rig, token)?.reason == .rateLimited }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(limited == 990)
    #expect(store.finds - before == 10)
  }

  @Test func withoutAnAddressNothingIsLimited() async throws {
    let rig = try await Rig()
    let prefix = try await rig.key().stored.key.prefix
    let found = try await reasons(rig, 150, on: prefix, from: nil)
    #expect(found.allSatisfy { $0 == .wrongSecret })
  }

  @Test func anIPv6NetworkOf64BitsIsOneAddress() async throws {
    let rig = try await Rig()
    var found: [Denial.Reason?] = []
    for number in 1...12 {
      found += try await reasons(rig, 1, on: "tok_NOBODY00", from: "2001:db8::\(number)")
    }
    #expect(found.count { $0 == .rateLimited } == 2)
    #expect(
      try await reasons(rig, 1, on: "tok_NOBODY00", from: "2001:db8:0:1::1") == [.unknown])
    #expect(
      try await reasons(rig, 1, on: "tok_NOBODY00", from: "::ffff:192.0.2.7") == [.unknown])
  }

  @Test func whatNoFormatParsesAndNothingAtAllIsNotCounted() async throws {
    let rig = try await Rig()
    for _ in 0..<150 {
      #expect(await rig.kernel.authenticate(Call([])).denial?.reason == .missing)
      #expect(await denial(rig, Secret(Array("no-token".utf8)))?.reason == .malformed)
    }
    #expect(try await reasons(rig, 1, on: nil) == [.unknown])
  }

  @Test func whatCouldNotBeFoundOutIsNotCounted() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    store.fails = true
    for _ in 0..<30 { #expect(await denial(rig, issued.token)?.reason == .storeUnavailable) }
    store.fails = false
    #expect(await denial(rig, issued.token) == nil)
  }

  @Test func eachLimitCanBeOff() async throws {
    let rig = try await Rig {
      $0.failedPerAddress = nil
      $0.failedPerPrefixAndAddress = Rate(2, per: .seconds(1))
    }
    for _ in 0..<200 { #expect(try await reasons(rig, 1, on: nil) == [.unknown]) }
    #expect(try await reasons(rig, 3, on: "tok_NOBODY00").last == .some(.rateLimited))
    let free = try await Rig {
      $0.failedPerAddress = nil
      $0.failedPerPrefixAndAddress = nil
    }
    #expect(
      try await reasons(free, 200, on: "tok_NOBODY00").allSatisfy { $0 == .unknown })
  }

  @Test func aLimitedAttemptIsPublishedAsSuch() async throws {
    let rig = try await Rig()
    let limited = Collected<AccessEvent>()
    rig.kernel.signals.subscribe(
      RateLimited.self, id: "t", .queue(bound: 100, overflow: .dropNewest)
    ) { limited.append($0.event) }
    _ = try await reasons(rig, 12, on: "tok_NOBODY00")
    await rig.kernel.drain()
    #expect(limited.all.map(\.reason) == [.rateLimited, .rateLimited])
  }

  /// However many come with one token at the same moment: beyond the limit none gets further by the others.
  @Test func nobodyJoinsAnAttemptThatIsRefused() throws {
    let attempts = try attempts(nil, Rate(1, per: .seconds(60)))
    #expect(fails(attempts, "tok_a", 1, from: "192.0.2.7"))
    let passed = Locked(0)
    for round in 0..<5_000 {
      DispatchQueue.concurrentPerform(iterations: 4) { _ in
        let start = attempts.begin(
          Digest128(low: UInt64(round + 2), high: 1), prefix: "tok_a", address: "192.0.2.7")
        if case .under = start { passed.withLock { $0 += 1 } }
      }
    }
    #expect(passed.withLock { $0 } == 0)
    #expect(attempts.underWay == 0)
  }

  /// While it is looked at it takes once; when it turns out wrong, each of them was an attempt.
  @Test func oneWrongTokenManyTimesAtOnceIsManyAttempts() throws {
    let attempts = FailedAttempts(
      perAddress: Rate(100, per: .seconds(60)), perPair: Rate(10, per: .seconds(60)),
      entries: 1_000, primitives: try SodiumPrimitives(), clock: HandClock())
    let address = "192.0.2.7"
    func begin(_ number: UInt64, _ prefix: String) -> FailedAttempts.Start {
      attempts.begin(Digest128(low: number, high: 1), prefix: prefix, address: address)
    }
    var under: [FailedAttempts.Attempt?] = []
    for _ in 0..<15 {
      guard case .under(let attempt) = begin(1, "tok_a") else { continue }
      under.append(attempt)
    }
    #expect(under.count == 15 && attempts.underWay == 1)
    #expect(attempts.forecast(prefix: "tok_a", address: address) == nil)
    for (number, attempt) in under.enumerated() {
      #expect(attempts.underWay == 1, "\(number) have ended")
      attempts.end(attempt, .deny(Denial(.wrongSecret)))
    }
    #expect(attempts.underWay == 0)
    // Fifteen of a pair that has ten, one of which comes back every six seconds.
    let denial = attempts.forecast(prefix: "tok_a", address: address)
    #expect(denial?.reason == .rateLimited && denial?.retryAfter == .seconds(36))
    // And fifteen of the address's hundred.
    var more = 0
    while case .under(let attempt) = begin(100 + UInt64(more), "tok_\(more)"), more < 200 {
      attempts.end(attempt, .deny(Denial(.unknown)))
      more += 1
    }
    #expect(more == 85)
  }

  private func attempts(_ perAddress: Rate?, _ perPair: Rate?, _ clock: HandClock = HandClock())
    throws -> FailedAttempts
  {
    FailedAttempts(
      perAddress: perAddress, perPair: perPair, entries: 1_000, primitives: try SodiumPrimitives(),
      clock: clock)
  }

  /// Whether another attempt is within the limits; it turns out wrong.
  private func fails(
    _ attempts: FailedAttempts, _ prefix: String, _ number: UInt64, from address: String
  ) -> Bool {
    guard
      case .under(let attempt) = attempts.begin(
        Digest128(low: number, high: 7), prefix: prefix, address: address)
    else { return false }
    attempts.end(attempt, .deny(Denial(.wrongSecret)))
    return true
  }

  /// But for whoever goes on with a token that is looked at already: that one has taken its place.
  @Test func aFloodIsKnownBeforeAnythingIsTaken() throws {
    let attempts = try attempts(nil, Rate(1, per: .seconds(60)))
    func denial(_ number: UInt64) -> Denial? {
      attempts.denialOfFlood(
        Digest128(low: number, high: 1), prefix: "tok_a", address: "192.0.2.7")
    }
    #expect(denial(1) == nil && denial(2) == nil)
    guard
      case .under(let attempt) = attempts.begin(
        Digest128(low: 1, high: 1), prefix: "tok_a", address: "192.0.2.7")
    else {
      Issue.record("the first is over the limit")
      return
    }
    #expect(denial(1) == nil)
    #expect(denial(2)?.reason == .rateLimited)
    attempts.end(attempt, .deny(Denial(.wrongSecret)))
    #expect(denial(1)?.reason == .rateLimited)
  }

  @Test func whatOneBudgetRefusesTheOtherIsNotCharged() throws {
    let clock = HandClock()
    let attempts = try attempts(Rate(1, per: .seconds(60)), Rate(2, per: .seconds(600)), clock)
    #expect(fails(attempts, "tok_a", 1, from: "192.0.2.7"))
    for number in 2..<9 as Range<UInt64> {
      #expect(!fails(attempts, "tok_a", number, from: "192.0.2.7"))
    }
    clock.advance(.seconds(60))
    #expect(fails(attempts, "tok_a", 9, from: "192.0.2.7"))
  }

  /// A use that memory vouches for counts as one.
  @Test func aPairThatWasUsedIsForecastItsOwnBudget() throws {
    let attempts = try attempts(Rate(2, per: .seconds(60)), Rate(2, per: .seconds(60)))
    attempts.noteSuccess(prefix: "tok_a", address: "192.0.2.7")
    attempts.noteSuccess(prefix: "tok_c", address: nil)
    for number in 0..<2 as Range<UInt64> {
      #expect(attempts.forecast(prefix: "tok_b", address: "192.0.2.7") == nil)
      #expect(fails(attempts, "tok_b\(number)", number, from: "192.0.2.7"))
    }
    #expect(attempts.forecast(prefix: "tok_b", address: "192.0.2.7")?.reason == .rateLimited)
    #expect(attempts.forecast(prefix: "tok_a", address: "192.0.2.7") == nil)
    #expect(fails(attempts, "tok_a", 5, from: "192.0.2.7"))
  }

  /// Where addresses are names, no two pairs read alike.
  @Test func addressAndPrefixAreNotRunTogether() throws {
    let attempts = try attempts(nil, Rate(1, per: .seconds(60)))
    #expect(fails(attempts, "c", 1, from: "ab"))
    #expect(fails(attempts, "bc", 2, from: "a"))
    #expect(!fails(attempts, "c", 3, from: "ab"))
  }

  /// A session's guesses have a budget of their own, and so have an address's keys.
  @Test func guessesAtSessionsAreCountedApart() throws {
    let attempts = FailedAttempts(
      perAddress: Rate(5, per: .seconds(60)), perPair: nil, entries: 1_000,
      primitives: try SodiumPrimitives(), clock: HandClock())
    for _ in 0..<5 {
      #expect(attempts.forecastOfSession(address: "192.0.2.7") == nil)
      #expect(attempts.denialOfSession(address: "192.0.2.7") == nil)
    }
    #expect(attempts.forecastOfSession(address: "192.0.2.7")?.retryAfter == .seconds(12))
    #expect(attempts.denialOfSession(address: "192.0.2.7")?.reason == .rateLimited)
    #expect(attempts.denialOfSession(address: "192.0.2.8") == nil)
    #expect(attempts.denialOfSession(address: nil) == nil)
    #expect(attempts.forecast(prefix: "tok_a", address: "192.0.2.7") == nil)
  }

  /// F3: ever new tokens from ever new addresses.
  @Test func theTablesAreBounded() throws {
    let clock = HandClock()
    let attempts = FailedAttempts(
      perAddress: Rate(100, per: .seconds(60)), perPair: Rate(10, per: .seconds(60)),
      entries: 10_000, primitives: try SodiumPrimitives(), clock: clock)
    let unknown = Verdict.deny(Denial(.unknown))
    for number in 0..<300_000 as Range<UInt64> {
      let address = "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
      guard
        case .under(let attempt) = attempts.begin(
          Digest128(low: number, high: 0), prefix: "tok_\(number)", address: address)
      else {
        Issue.record("limited at its first attempt")
        return
      }
      attempts.end(attempt, unknown)
    }
    #expect(attempts.places == 2 * 10_240)
    #expect(attempts.underWay == 0)
    for number in 0..<10_000 { attempts.noteSuccess(prefix: "tok_\(number)", address: "10.0.0.1") }
    #expect(attempts.places == 3 * 10_240)
  }
}
