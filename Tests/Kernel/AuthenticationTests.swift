import CardeaLifecycle
import CardeaMemoryStore
import Testing

@Suite struct AuthenticationTests {
  /// A route that says only afterwards what it demands.
  @Test func aRouteMayRefuseWhoWasLetIn() async throws {
    let rig = try await Rig()
    let issued = try await rig.key { $0.scopes = ["orders:read"] }
    let identity = try #require(await rig.verdict(issued.token).identity)
    let events = Collected<AccessEvent>()
    rig.kernel.signals.subscribe(
      AuthenticationFailed.self, id: "t", .queue(bound: 10, overflow: .dropNewest)
    ) { events.append($0.event) }
    let reads = Requirement(scopes: ["orders:read"])
    let call = Call(issued.token)
    #expect(await rig.kernel.refuse(identity, request: call, lacking: reads) == nil)
    let writes = Requirement(scopes: ["orders:write"])
    let denial = await rig.kernel.refuse(identity, request: call, lacking: writes)
    #expect(denial?.reason == .insufficientScope && denial?.verified == true)
    #expect(denial?.missingScopes == ["orders:write"])
    await rig.kernel.drain()
    #expect(events.all.map(\.reason) == [.insufficientScope])
  }

  @Test func aFreshKeyIsAllowedColdThenWarm() async throws {
    let rig = try await Rig(slow: true)
    let issued = try await rig.key("orders") { $0.scopes = ["orders:read"] }
    #expect(rig.warmVerdict(issued.token) == nil)
    let cold = await rig.verdict(issued.token)
    #expect(cold.identity?.keyID == issued.stored.key.id)
    let warm = rig.warmVerdict(issued.token)
    #expect(warm?.identity?.prefix == issued.stored.key.prefix)
    #expect(warm?.identity?.scopes == ["orders:read"])
  }

  /// Every way for a stranger to be refused, and the one reason that the signal tells.
  @Test func everyDenialHasOneReason() async throws {
    let rig = try await Rig()
    let reasons = Collected<Denial.Reason?>()
    rig.kernel.signals.subscribe(
      AuthenticationFailed.self, id: "t", .queue(bound: 100, overflow: .dropNewest)
    ) { reasons.append($0.event.reason) }
    let live = try await rig.key()
    let other = try await rig.key()
    let expired = try await rig.key { $0.expiry = .after(.seconds(1)) }
    let revoked = try await rig.key()
    let suspended = try await rig.key()
    let purged = try await rig.key()
    let orphan = try await rig.key { $0.owner = OwnerReference(name: "ada") }
    rig.clock.advance(.seconds(1))
    _ = try await rig.kernel.revokeKey(revoked.stored.key.id, by: .host)
    _ = try await rig.kernel.suspendKey(suspended.stored.key.id, by: .host)
    _ = try await rig.kernel.purgeKey(purged.stored.key.id, by: .host)
    let owner = try #require(orphan.stored.owner)
    _ = try await rig.kernel.disableOwner(owner.id, by: .host)

    let wrong = try await rig.rotated(live)
    let foreign = try await Rig().key()
    let calls: [(Call, Denial.Reason)] = [
      (Call([]), .missing),
      (Call([("x-api-key", "")]), .missing),
      (Call([("x-api-key", "hello")]), .malformed),
      (Call([("authorization", "Api-Key a b")]), .malformed),
      (Call([("x-api-key", "a"), ("x-api-key", "b")]), .ambiguous),
      (
        Call([
          ("x-api-key", wrong.token.reveal()),
          ("authorization", "Api-Key " + other.token.reveal()),
        ]), .ambiguous
      ),
      (Call(foreign.token), .unknown),
      (Call(live.token), .wrongSecret),
      (Call(expired.token), .expired),
      (Call(revoked.token), .revoked),
      (Call(suspended.token), .suspended),
      (Call(purged.token), .purged),
      (Call(orphan.token), .ownerDisabled),
    ]
    for (call, reason) in calls {
      for _ in 0..<2 {  // cold, then from memory
        let denial = await rig.kernel.authenticate(call).denial
        #expect(denial?.reason == reason)
        #expect(denial?.category == .unauthenticated)
      }
    }
    await rig.kernel.drain()
    #expect(reasons.all == calls.flatMap { [$0.1, $0.1] })
  }

  @Test func requirementsNeedAVerifiedKey() async throws {
    let rig = try await Rig()
    let issued = try await rig.key {
      $0.scopes = ["orders:*"]
      $0.keyClass = "batch"
    }
    func denial(_ requirement: Requirement) async -> Denial? {
      await rig.verdict(issued.token, requiring: requirement).denial
    }
    #expect(await denial(Requirement(scopes: ["orders:read"], keyClass: "batch")) == nil)
    #expect(await denial(Requirement(scopes: ["bills:read"]))?.reason == .insufficientScope)
    #expect(await denial(Requirement(keyClass: "default"))?.reason == .wrongClass)
    #expect(await denial(Requirement(keyClass: "default"))?.category == .forbidden)
  }

  @Test func nobodyWhoNeedsNoKeyHasFailed() async throws {
    let rig = try await Rig()
    let reasons = Collected<Denial.Reason?>()
    rig.kernel.signals.subscribe(
      AuthenticationFailed.self, id: "t", .queue(bound: 10, overflow: .dropNewest)
    ) { reasons.append($0.event.reason) }
    let optional = Requirement(isOptional: true)
    let anonymous = await rig.kernel.authenticate(Call([]), requiring: optional)
    #expect(anonymous.denial?.reason == .missing)
    let bad = await rig.kernel.authenticate(Call([("x-api-key", "bad")]), requiring: optional)
    #expect(bad.denial?.reason == .malformed)
    await rig.kernel.drain()
    #expect(reasons.all == [.malformed])
  }

  @Test func aJWTBesideAKeyIsSetAside() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    let long = String(repeating: "a", count: 900)
    for bearer in ["eyJhbGciOi.eyJzdWIi.c2ln", long] {
      for key in ["x-api-key", "x-api-key"] {
        let call = Call([("authorization", "Bearer \(bearer)"), (key, issued.token.reveal())])
        #expect(await rig.kernel.authenticate(call).identity != nil)
      }
      let alone = Call([("authorization", "Bearer \(bearer)")])
      #expect(await rig.kernel.authenticate(alone).denial?.reason == .malformed)
    }
  }

  /// A request that notes which header fields are read.
  struct Watched: RequestView {
    let call: Call
    let fields = Collected<String>()
    var method: String { call.method }
    var path: String { call.path }
    var clientAddress: String? { call.clientAddress }
    func header(_ name: String) -> FieldValue {
      fields.append(name)
      return call.header(name)
    }
    func query(_ name: String) -> FieldValue { call.query(name) }
  }

  @Test func aFieldIsReadOnceForAllWhoLookAtIt() async throws {
    let rig = try await Rig()
    let token = try await rig.key().token
    let request = Watched(call: Call([("authorization", "Bearer \(token.reveal())")]))
    #expect(await rig.kernel.authenticate(request).identity != nil)
    #expect(request.fields.all.filter { $0 != "user-agent" } == ["x-api-key", "authorization"])
  }

  @Test func theSameTokenTwiceIsOneToken() async throws {
    let rig = try await Rig()
    let token = try await rig.key().token.reveal()
    let call = Call([("x-api-key", token), ("authorization", "Api-Key \(token)")])
    #expect(await rig.kernel.authenticate(call).identity != nil)
  }

  @Test func firstOfTwoTokensIsTakenOnlyIfConfigured() async throws {
    let rig = try await Rig { $0.extractConflict = .first }
    let first = try await rig.key()
    let second = try await rig.key()
    let call = Call([
      ("authorization", "Api-Key \(second.token.reveal())"), ("x-api-key", first.token.reveal()),
    ])
    #expect(await rig.kernel.authenticate(call).identity?.keyID == first.stored.key.id)
  }

  @Test func expiryIsSharpAndOutlivesTheClock() async throws {  // C1, C2
    let rig = try await Rig()
    let start = rig.clock.now()
    let issued = try await rig.key { $0.expiry = .after(.seconds(60)) }
    rig.clock.advance(.milliseconds(59_999))
    #expect(await rig.verdict(issued.token).identity != nil)
    rig.clock.advance(.milliseconds(1))
    #expect(await rig.verdict(issued.token).denial?.reason == .expired)
    rig.clock.setWall(start)
    #expect(await rig.verdict(issued.token).denial?.reason == .expired)
  }

  @Test func aHashThatNobodyCanReadDenies() async throws {
    let store = MemoryStore()
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    let row = issued.stored.key.secrets[0]
    var change = StoreChange(drafts: [], primitives: rig.kernel.primitives)
    change.rehash = .init(
      prefix: issued.stored.key.prefix, secretID: row.id, from: row.hash,
      to: EncodedHash("unheard_of$1$x$y"))
    _ = try await rig.kernel.store.commit(change)
    let denial = await rig.verdict(issued.token).denial
    #expect(denial?.reason == .failed)
    #expect(denial?.category == .unavailable)
  }

  @Test func oldHashesAreUpgradedInTheBackground() async throws {
    let store = MemoryStore()
    let old = try await Rig(store: store)
    let issued = try await old.key()
    let new = try await Rig(store: store, slow: true)
    let algorithms = Collected<String>()
    new.kernel.signals.subscribe(HashUpgraded.self, id: "t", .inline) {
      algorithms.append($0.algorithm)
    }
    #expect(await new.verdict(issued.token).identity != nil)
    await new.kernel.drain()
    let found = try await new.kernel.store.find(prefix: issued.stored.key.prefix)
    #expect(found?.key.secrets.map(\.hash.algorithm) == ["pbkdf2_sha512"])
    #expect(found?.key.revision == issued.stored.key.revision)
    #expect(algorithms.all == ["pbkdf2_sha512"])
    #expect(await new.verdict(issued.token).identity != nil)
  }

  /// The same algorithm with other parameters than would be taken today.
  @Test func hashesOfOldParametersAreUpgradedToo() async throws {
    let hasher = VersionedHasher()
    let rig = try await Rig {
      $0.preferredHasher = "versioned"
    } plugins: {
      $0.use(hasher)
    }
    let issued = try await rig.key()
    func hashes() async throws -> [String]? {
      await rig.kernel.drain()
      return try await rig.kernel.store.find(prefix: issued.stored.key.prefix)?.key.secrets
        .map(\.hash.encoded)
    }
    #expect(await rig.verdict(issued.token).identity != nil)
    #expect(try await hashes() == ["versioned$1"])
    hasher.version.withLock { $0 = 2 }
    _ = try await rig.kernel.suspendKey(issued.stored.key.id, by: .host)
    #expect(await rig.verdict(issued.token).denial?.reason == .suspended)
    #expect(try await hashes() == ["versioned$1"], "only of a key in force")
    _ = try await rig.kernel.reactivateKey(issued.stored.key.id, by: .host)
    #expect(await rig.verdict(issued.token).identity != nil)
    #expect(try await hashes() == ["versioned$2"])
  }

  /// What one reading has found out of a token is true of the next one too.
  @Test func aTokenIsHashedOnceAlthoughItsKeyIsReadAgain() async throws {
    let hasher = VersionedHasher()
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store) {
      $0.preferredHasher = "versioned"
      $0.cacheEntries = 0
    } plugins: {
      $0.use(hasher)
    }
    let issued = try await rig.key()
    let (id, kernel, finds) = (issued.stored.key.id, rig.kernel, store.finds)
    store.holdNextFind {
      _ = try? await kernel.suspendKey(id, by: .host)
      _ = try? await kernel.reactivateKey(id, by: .host)
    }
    #expect(await rig.verdict(issued.token).identity != nil)
    #expect(store.finds == finds + 2)
    #expect(hasher.verified.withLock { $0 } == 1)
  }

  /// Says of every hash that is not of its present version that it is to be made anew.
  private final class VersionedHasher: SecretHasher {
    let id = "hasher.versioned"
    let algorithm = "versioned"
    let cost = HashCost.fast
    let version = Locked(1)
    private var present: EncodedHash { EncodedHash("versioned$\(version.withLock { $0 })") }
    func hash(_ request: HashRequest) -> EncodedHash { present }
    let verified = Locked(0)
    func verify(_ request: VerifyRequest) -> Bool {
      verified.withLock { $0 += 1 }
      return true
    }
    func needsRehash(_ hash: EncodedHash) -> Bool { hash != present }
  }

  @Test func usageIsGatheredAndFlushedInOneBatch() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    for _ in 0..<100 { _ = await rig.verdict(issued.token) }
    #expect(store.finds == 1, "a warm request reads no store")
    #expect(store.writes == 1, "verifying writes nothing: the one write made the key")
    await rig.kernel.flushUsage()
    #expect(store.usage.map(\.count) == [100])
    let found = try await store.find(prefix: issued.stored.key.prefix)
    #expect(found?.key.lastUsedAt == rig.clock.now())
  }

  @Test func wrongTokensAreRememberedOnlyForKeysThatExist() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    _ = try await rig.rotated(issued)
    let before = store.finds
    for _ in 0..<10 { #expect(await rig.verdict(issued.token).denial?.reason == .wrongSecret) }
    #expect(store.finds == before + 1)
    let stranger = try await Rig().key()
    for _ in 0..<10 { #expect(await rig.verdict(stranger.token).denial?.reason == .unknown) }
    #expect(store.finds == before + 11)
  }

  /// The usual client after a rotation: it goes on with the old token, which was right before.
  @Test func aTokenThatWasRotatedOutCostsOneHash() async throws {
    let hashed = Collected<String>()
    let rig = try await Rig {
      $0.preferredHasher = "telling"
    } plugins: {
      $0.use(TellingHasher(verified: hashed))
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    let before = hashed.all.count
    _ = try await rig.rotated(issued)
    for _ in 0..<10 { #expect(await rig.verdict(issued.token).denial?.reason == .wrongSecret) }
    #expect(hashed.all.count == before + 1)
  }

  /// A hasher that tells whom it verifies: for counting hashes, not for keys.
  struct TellingHasher: SecretHasher {
    let id = "hasher.telling"
    let algorithm = "telling"
    let cost = HashCost.fast
    let verified: Collected<String>

    func hash(_ request: HashRequest) -> EncodedHash {
      EncodedHash("telling$" + request.secret.reveal())
    }
    func verify(_ request: VerifyRequest) -> Bool {
      verified.append(request.secret.reveal())
      return request.hash.encoded == "telling$" + request.secret.reveal()
    }
    func needsRehash(_ hash: EncodedHash) -> Bool { false }
  }

  @Test func aStoreThatFailsDenies() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    store.fails = true
    let denial = await rig.verdict(issued.token).denial
    #expect(denial?.reason == .storeUnavailable)
    #expect(denial?.category == .unavailable)
    store.fails = false
    #expect(await rig.verdict(issued.token).identity != nil)
  }

  @Test func aTokenHandedOverApartIsJudgedAlike() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    let facts = RequestFacts(method: "POST", path: "/v1/verify")
    #expect(await rig.kernel.verify(token: issued.token, facts: facts).identity != nil)
    let long = Secret([UInt8](repeating: 65, count: 10_000))
    #expect(await rig.kernel.verify(token: long, facts: facts).denial?.reason == .malformed)
  }
}

extension Rig {
  /// The key with a new secret; the token given out before is wrong from now on.
  func rotated(_ issued: IssuedKey) async throws -> IssuedKey {
    try await kernel.rotateToken(issued.stored.key.id, by: .host)
  }
}
