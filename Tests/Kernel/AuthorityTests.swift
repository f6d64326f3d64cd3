import CardeaLifecycle
import CardeaTestSupport
import Dispatch
import Testing

/// A1: whatever a key does, it gives nothing that it does not have.
@Suite struct AuthorityTests {
  @Test func theScopeLatticeHolds() async throws {
    let rig = try await Rig()
    let names = ["orders:read", "orders:write", "orders:*", "bills:read", "*", "cardea:keys:write"]
    var random = SplitMix64(seed: 20_261_121)
    var granted = 0
    for _ in 0..<400 {
      let own = names.filter { _ in Bool.random(using: &random) }
      let wanted = names.filter { _ in Bool.random(using: &random) }
      let actor = Actor(try await rig.identity(scopes: own))
      do {
        var new = NewKey(name: "child")
        new.scopes = wanted
        let child = try await rig.kernel.createKey(new, by: actor)
        granted += 1
        for scope in names where child.stored.key.scopes.grants(scope) {
          #expect(ScopeSet(own).grants(scope), "\(own) made \(wanted), which grants \(scope)")
        }
      } catch {
        #expect(error.code == "beyond_actor")
        #expect(!ScopeSet(own).covers(ScopeSet(wanted)))
      }
    }
    #expect(granted > 20, "the lattice was not exercised")
  }

  @Test func expiryStaysWithinTheActors() async throws {
    let rig = try await Rig { $0.defaultExpiry = .seconds(86_400) }
    let actor = Actor(
      try await rig.identity(scopes: ["a"], expiry: .after(.seconds(3_600))))
    let own = rig.clock.now().adding(.seconds(3_600))
    func make(_ expiry: Expiry) async throws -> IssuedKey {
      var new = NewKey(name: "child")
      new.scopes = ["a"]
      new.expiry = expiry
      return try await rig.kernel.createKey(new, by: actor)
    }
    #expect(try await make(.standard).stored.key.expiresAt == own)
    let latest = try #require(own)
    #expect(try await make(.at(latest)).stored.key.expiresAt == latest)
    for (beyond, named) in [
      (.never, "expires_in"), (.after(.seconds(3_601)), "expires_in"),
      (.at(try #require(latest.adding(.milliseconds(1)))), "expires_at"),
    ] as [(Expiry, String)] {
      do {
        _ = try await make(beyond)
        Issue.record("\(beyond) is beyond the actor")
      } catch LifecycleError.invalid(let field, _) { #expect(field == named) }
    }
    let child = try await make(.after(.seconds(60)))
    var edit = KeyEdit()
    edit.expiry = .never
    await #expect(throws: LifecycleError.self) {
      _ = try await rig.kernel.updateKey(child.stored.key.id, edit, by: actor)
    }
  }

  @Test func aKeyBeyondTheActorIsOutOfReachButCanBeStopped() async throws {
    let rig = try await Rig()
    let actor = Actor(
      try await rig.identity(scopes: ["a"], expiry: .after(.seconds(3_600))))
    let wider = try await rig.key { $0.scopes = ["a", "b"] }
    let longer = try await rig.key { $0.scopes = ["a"] }
    let admin = try await rig.key { $0.scopes = [ScopeSet.admin] }
    func refuses(_ id: IssuedKey, _ work: (AuthKernel, IssuedKey) async throws -> Void) async
      -> Bool
    {
      do {
        try await work(rig.kernel, id)
        return false
      } catch { return (error as? LifecycleError)?.code == "beyond_actor" }
    }
    let all: [(AuthKernel, IssuedKey) async throws -> Void] = [
      { _ = try await $0.rotateToken($1.stored.key.id, by: actor) },
      { _ = try await $0.completeRotation($1.stored.key.id, by: actor) },
      { _ = try await $0.cancelRotation($1.stored.key.id, by: actor) },
      {
        var edit = KeyEdit()
        edit.name = "mine"
        _ = try await $0.updateKey($1.stored.key.id, edit, by: actor)
      },
      { _ = try await $0.reactivateKey($1.stored.key.id, by: actor) },
      { _ = try await $0.suspendKey($1.stored.key.id, by: actor) },
      { _ = try await $0.revokeKey($1.stored.key.id, by: actor) },
      { _ = try await $0.purgeKey($1.stored.key.id, by: actor) },
    ]
    for work in all {
      #expect(await refuses(wider, work))
      #expect(await refuses(admin, work))
    }
    for work in all.prefix(5) { #expect(await refuses(longer, work)) }
    #expect(await refuses(longer, all[5]) == false)
    #expect(await refuses(longer, all[6]) == false)
    #expect(try await rig.kernel.key(longer.stored.key.id).key.status == .revoked)
    #expect(await refuses(longer, all[7]) == false)
    #expect(try await rig.kernel.key(longer.stored.key.id).key.status == .purged)
  }

  /// An owner stands over keys of any scope, so only the admin scope reaches them.
  @Test func ownersAreChangedByAdminsOnly() async throws {
    let rig = try await Rig()
    let limited = Actor(try await rig.identity(scopes: ["cardea:keys:write", "a"]))
    let admin = Actor(try await rig.identity(scopes: [ScopeSet.admin]))
    let owner = try await rig.kernel.createOwner(NewOwner(name: "root"), by: limited).owner
    func code(_ work: () async throws -> Void) async -> String? {
      do {
        try await work()
        return nil
      } catch { return (error as? LifecycleError)?.code }
    }
    var edit = OwnerEdit()
    edit.maxKeys = 1_000
    for actor in [limited, admin] {
      let expected = actor.keyID == admin.keyID ? nil : "beyond_actor"
      #expect(await code { _ = try await rig.kernel.disableOwner(owner.id, by: actor) } == expected)
      #expect(await code { _ = try await rig.kernel.enableOwner(owner.id, by: actor) } == expected)
      #expect(
        await code { _ = try await rig.kernel.updateOwner(owner.id, edit, by: actor) } == expected)
      #expect(
        await code {
          _ = try await rig.kernel.createOwner(
            NewOwner(name: "own-\(actor.keyID == admin.keyID)", maxKeys: -1), by: actor)
        } == expected)
    }
  }

  @Test func anEmptyScopeSetGrantsNothing() {
    #expect(!ScopeSet([]).grants("a"))
    #expect(!ScopeSet(["*"]).grants("cardea:admin"))
    #expect(!ScopeSet(["cardea:*"]).grants("cardea:admin"))
    #expect(ScopeSet(["orders:*"]).grants("orders:read"))
    #expect(ScopeSet(["orders:*"]).grants("orders:read:own"))
    #expect(!ScopeSet(["orders:*"]).grants("orders"))
    #expect(!ScopeSet(["orders:*:own"]).grants("orders:read"))
    #expect(ScopeSet([ScopeSet.admin]).grants("anything"))
    #expect(!ScopeSet(["*"]).covers([ScopeSet.admin]))
    #expect(!ScopeSet(["*"]).covers(["cardea:verify"]))
  }
}

extension Rig {
  /// A verified key with these scopes.
  func identity(scopes: [String], expiry: Expiry = .never) async throws -> Identity {
    let issued = try await key {
      $0.scopes = scopes
      $0.expiry = expiry
    }
    return try #require(await verdict(issued.token).identity)
  }

  /// A hash takes its time, and waits for its turn before: what a key has begun that is revoked meanwhile is not done.
  @Test(arguments: [true, false]) func aKeyThatIsRevokedMeanwhileHandsOutNothing(
    _ creates: Bool
  ) async throws {
    let hasher = HeldHasher()
    let rig = try await Rig {
      $0.preferredHasher = hasher.algorithm
    } plugins: {
      $0.use(hasher)
    }
    let stolen = try await rig.key("stolen") { $0.scopes = ["cardea:keys:write"] }
    let other = try await rig.key("other").stored.key
    let actor = Actor(try #require(await rig.verdict(stolen.token).identity))
    hasher.holds.withLock { $0 = true }
    let work = Task { () -> LifecycleError? in
      do throws(LifecycleError) {
        if creates {
          _ = try await rig.kernel.createKey(NewKey(name: "child"), by: actor)
        } else {
          _ = try await rig.kernel.rotateToken(other.id, by: actor)
        }
        return nil
      } catch { return error }
    }
    await wait(for: hasher.entered)
    _ = try await rig.kernel.revokeKey(stolen.stored.key.id, by: .host)
    hasher.goesOn.signal()
    let error = await work.value
    #expect(error?.code == "beyond_actor", "\(String(describing: error))")
    let keys = try await rig.kernel.keys(KeyQuery(now: rig.clock.now())).items.map(\.key)
    #expect(Set(keys.map(\.name)) == ["stolen", "other"])
    #expect(keys.first { $0.id == other.id }?.secrets == other.secrets)
  }

  /// Makes hashes only when it is told to.
  private final class HeldHasher: SecretHasher {
    let id = "hasher.held"
    let algorithm = "held"
    let cost = HashCost.slow
    let holds = Locked(false)
    let entered = DispatchSemaphore(value: 0)
    let goesOn = DispatchSemaphore(value: 0)

    func hash(_ request: HashRequest) -> EncodedHash {
      if holds.withLock({ $0 }) {
        entered.signal()
        goesOn.wait()
      }
      return EncodedHash("held$")
    }
    func verify(_ request: VerifyRequest) -> Bool { true }
    func needsRehash(_ hash: EncodedHash) -> Bool { false }
  }
}
