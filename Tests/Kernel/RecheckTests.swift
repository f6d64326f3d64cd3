import CardeaLifecycle
import CardeaMemoryStore
import Testing

/// What lasts longer than a request is judged again as the key stands.
@Suite struct RecheckTests {
  private func identity(_ rig: Rig, _ issued: IssuedKey) async throws -> Identity {
    try #require(await rig.verdict(issued.token).identity)
  }

  @Test func everyChangeIsSeenAndARightOneIsGivenBack() async throws {
    let rig = try await Rig()
    let kernel = rig.kernel
    let issued = try await rig.key {
      $0.scopes = ["orders:read"]
      $0.expiry = .after(.seconds(60))
    }
    let id = issued.stored.key.id
    let before = try await identity(rig, issued)
    #expect(await kernel.recheck(before).identity?.keyID == id)
    let reads = Requirement(scopes: ["orders:read"])
    let writes = Requirement(scopes: ["orders:write"])
    #expect(await kernel.recheck(before, requiring: reads).identity != nil)
    let refused = await kernel.recheck(before, requiring: writes).denial
    #expect(refused?.reason == .insufficientScope && refused?.missingScopes == ["orders:write"])
    _ = try await kernel.suspendKey(id, by: .host)
    #expect(await kernel.recheck(before).denial?.reason == .suspended)
    _ = try await kernel.reactivateKey(id, by: .host)
    #expect(await kernel.recheck(before).identity != nil)
    var edit = KeyEdit()
    edit.scopes = ["orders:write"]
    _ = try await kernel.updateKey(id, edit, by: .host)
    #expect(await kernel.recheck(before, requiring: writes).identity?.scopes == ["orders:write"])
    rig.clock.advance(.seconds(60))
    #expect(await kernel.recheck(before).denial?.reason == .expired)
    _ = try await kernel.revokeKey(id, by: .host)
    #expect(await kernel.recheck(before).denial?.reason == .revoked)
    _ = try await kernel.purgeKey(id, by: .host)
    #expect(await kernel.recheck(before).identity == nil)
  }

  /// A rotation that leaves the other secret alone changes nothing for whoever came with it, until its end.
  @Test func itIsTheSecretThatCounts() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    let old = try await identity(rig, issued)
    let rotated = try await rig.kernel.rotateToken(
      issued.stored.key.id, Rotation(overlap: .seconds(10)), by: .host)
    let new = try await identity(rig, rotated)
    #expect(await rig.kernel.recheck(old).identity != nil)
    rig.clock.advance(.seconds(10))
    #expect(await rig.kernel.recheck(old).denial?.reason == .wrongSecret)
    #expect(await rig.kernel.recheck(new).identity != nil)
  }

  @Test func theStoreIsAskedOnceAfterAChangeAndNotWithoutOne() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    let before = try await identity(rig, issued)
    let finds = store.finds
    for _ in 0..<3 { #expect(await rig.kernel.recheck(before).identity != nil) }
    #expect(store.finds == finds)
    _ = try await rig.kernel.suspendKey(issued.stored.key.id, by: .host)
    _ = try await rig.kernel.reactivateKey(issued.stored.key.id, by: .host)
    let after = try #require(await rig.kernel.recheck(before).identity)
    #expect(store.finds == finds + 1)
    #expect(await rig.kernel.recheck(after).identity != nil)
    #expect(store.finds == finds + 1)
    _ = try await rig.kernel.suspendKey(issued.stored.key.id, by: .host)
    store.fails = true
    #expect(await rig.kernel.recheck(after).denial?.reason == .storeUnavailable)
  }

  /// Whoever changes the key while it is read has it read again; whoever does so without end is not waited for.
  @Test(arguments: [(changes: 3, reason: Denial.Reason.suspended), (100, .storeUnavailable)])
  func aKeyThatChangesWhileItIsReadIsReadAgain(changes: Int, reason: Denial.Reason) async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    let (id, kernel) = (issued.stored.key.id, rig.kernel)
    let before = try await identity(rig, issued)
    _ = try await kernel.suspendKey(id, by: .host)
    let left = Locked(changes)
    @Sendable func change() async {
      guard left.withLock({ left in (left > 0, left -= 1).0 }) else { return }
      _ = try? await kernel.reactivateKey(id, by: .host)
      _ = try? await kernel.suspendKey(id, by: .host)
      store.holdNextFind { await change() }
    }
    store.holdNextFind { await change() }
    let finds = store.finds
    #expect(await kernel.recheck(before).denial?.reason == reason)
    #expect(store.finds - finds == min(changes + 1, 8))
  }

  /// A reading is good for a lease by itself, whatever the poll has confirmed.
  @Test func aReadingIsEnoughWhereTheLeaseIsOver() async throws {
    let rig = try await Rig(store: SharedCountingStore()) { $0.lease = .seconds(60) }
    let issued = try await rig.key()
    let before = try await identity(rig, issued)
    rig.clock.advance(.seconds(1_000))
    #expect(await rig.kernel.recheck(before).identity != nil)
    await rig.kernel.shutdown()
  }

  @Test func whereTheStoreIsSharedTheLeaseCounts() async throws {
    let store = SharedCountingStore()
    let rig = try await Rig(store: store) { $0.maxStale = .seconds(30) }
    let issued = try await rig.key()
    let before = try await identity(rig, issued)
    store.base.fails = true
    rig.clock.advance(.seconds(2))
    #expect(await rig.kernel.recheck(before).identity != nil, "served stale, as configured")
    rig.clock.advance(.seconds(60))
    #expect(await rig.kernel.recheck(before).denial?.reason == .storeUnavailable)
    await rig.kernel.shutdown()
  }
}
