import CardeaContracts
import CardeaLifecycle
import CardeaMemoryStore
import CardeaTestSupport
import Testing

@testable import CardeaKernel

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What `model/lease.pml` found, forced to happen.
@Suite(.timeLimit(.minutes(1))) struct LeaseTests {
  /// A thread has looked at the key's stamp and is held up before it looks at the clock. Meanwhile the lease runs out,
  /// and a poll comes round that finds the revocation: its lease says nothing of that earlier look.
  @Test(arguments: [1, 2])
  func aPollThatEndsBetweenTheStampAndTheClockLetsNobodyIn(look: Int) async throws {
    let store = SharedCountingStore()
    let rig = try await Rig(store: store) { $0.lease = .milliseconds(20) }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    let kernel = rig.kernel
    let (clock, reader) = (rig.clock, pthread_self())
    let looks = Locked(0)
    clock.beforeAnswering.withLock {
      $0 = {
        guard pthread_equal(pthread_self(), reader) != 0 else { return }
        let number = looks.withLock { looks in
          looks += 1
          return looks
        }
        guard number == look else { return }
        clock.advance(.seconds(5))
        store.tell(
          LogMark(
            position: 1000, signal: "key_revoked", prefix: issued.stored.key.prefix, ownerID: nil))
        while clock.ticks.load(ordering: .sequentiallyConsistent) >= kernel.lease?.end ?? .max {}
      }
    }
    let verdict = rig.warmVerdict(issued.token)
    clock.beforeAnswering.withLock { $0 = nil }
    #expect(looks.withLock { $0 } >= look)
    #expect(verdict?.identity == nil)
    await kernel.shutdown()
  }

  /// What is served stale was confirmed once, or nobody knows how stale it is.
  @Test func whatNoPollHasConfirmedIsNotServedStale() async throws {
    let store = NodeStore(NodeGroup())
    store.fault = .polls
    let rig = try await Rig(store: store, recording: false) { $0.maxStale = .seconds(60) }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    store.fault = .everything
    rig.clock.advance(.seconds(2))
    #expect(await rig.verdict(issued.token).denial?.reason == .storeUnavailable)
    await rig.kernel.shutdown()
  }

  /// Others may change what it reads, and nobody would tell it.
  @Test func whoHasNotStartedLetsNobodyIn() async throws {
    let store = SharedCountingStore()
    let issued = try await Rig(store: store).key()
    let rig = try await Rig(store: store, starting: false)
    #expect(await rig.verdict(issued.token).denial?.reason == .storeUnavailable)
    try await rig.kernel.start()
    #expect(await rig.verdict(issued.token).identity != nil)
  }

  /// To the nanosecond: what the poll has confirmed, and a reading by itself.
  @Test func trustEndsWithTheLease() async throws {
    let rig = try await Rig(store: SharedCountingStore()) { $0.lease = .seconds(60) }
    let issued = try await rig.key()
    let token = try #require(await rig.verdict(issued.token).identity).token
    let end = try #require(rig.kernel.lease?.end)
    let lease: UInt64 = 60_000_000_000
    for (now, readBegan, isTrusted) in [
      (end - 1, nil, true), (end, nil, false), (end + lease, end + 1, true),
      (end + lease, end, false),
    ] as [(UInt64, UInt64?, Bool)] {
      rig.clock.ticks.store(now, ordering: .sequentiallyConsistent)
      #expect(rig.kernel.isTrusted(token, readBegan: readBegan) == isTrusted, "\(now), \(end)")
      #expect(rig.kernel.lease?.isValid == (now < end))
    }
    await rig.kernel.shutdown()
  }

  /// Revoked by another process, of which this one has not heard: whoever revokes it here as well is told that this
  /// node obeys.
  @Test func whatIsFoundRevokedAlreadyIsObeyedAtOnce() async throws {
    let store = SharedCountingStore()
    let here = try await Rig(store: store) { $0.lease = .seconds(60) }
    let there = try await Rig(store: store)
    let issued = try await here.key()
    #expect(await here.verdict(issued.token).identity != nil)
    _ = try await there.kernel.revokeKey(issued.stored.key.id, by: .host)
    #expect(here.warmVerdict(issued.token)?.identity != nil, "nobody has told it")
    _ = try await here.kernel.revokeKey(issued.stored.key.id, by: .host)
    #expect(here.warmVerdict(issued.token)?.identity == nil)
    #expect(await here.verdict(issued.token).denial?.reason == .revoked)
  }

  @Test func anOwnerThatIsFoundDisabledAlreadyIsObeyedAtOnce() async throws {
    let store = SharedCountingStore()
    let here = try await Rig(store: store) { $0.lease = .seconds(60) }
    let there = try await Rig(store: store)
    let owner = try await here.kernel.createOwner(NewOwner(name: "alice"), by: .host).owner
    let issued = try await here.key { $0.owner = OwnerReference(name: "alice") }
    #expect(await here.verdict(issued.token).identity != nil)
    _ = try await there.kernel.disableOwner(owner.id, by: .host)
    #expect(here.warmVerdict(issued.token)?.identity != nil, "nobody has told it")
    _ = try await here.kernel.disableOwner(owner.id, by: .host)
    #expect(await here.verdict(issued.token).denial?.reason == .ownerDisabled)
  }

  /// What another process did to an owner makes all their keys be read anew; what it did to one of the keys, that one.
  @Test func ofAnOwnersKeysThoseAreReadAnewThatWereChanged() async throws {
    let store = SharedCountingStore()
    let rig = try await Rig(store: store) { $0.lease = .seconds(60) }
    let owner = try await rig.kernel.createOwner(NewOwner(name: "alice"), by: .host).owner
    var keys: [IssuedKey] = []
    for name in ["one", "two"] {
      let key = try await rig.key(name) { $0.owner = OwnerReference(name: "alice") }
      #expect(await rig.verdict(key.token).identity != nil)
      keys.append(key)
    }
    let lease = try #require(rig.kernel.lease)
    for (mark, areRead) in [
      (
        LogMark(
          position: 1_000, signal: "key_revoked", prefix: keys[0].stored.key.prefix,
          ownerID: owner.id), [true, false]
      ),
      (
        LogMark(position: 1_001, signal: "owner_disabled", prefix: nil, ownerID: owner.id),
        [true, true]
      ),
    ] {
      store.tell(mark)
      while lease.applied < mark.position { lease.wake() }
      #expect(keys.map { rig.warmVerdict($0.token) == nil } == areRead)
    }
    await rig.kernel.shutdown()
  }

  /// A failover to a standby that lacked a node's own last change: its position is another's then.
  @Test func aPositionThatWasOnesOwnIsObeyedAsAnothers() async throws {
    let store = SharedCountingStore()
    let rig = try await Rig(store: store) { $0.lease = .milliseconds(20) }
    let issued = try await rig.key()
    _ = await rig.verdict(issued.token)
    let lost = try await rig.key("lost").receipt.position
    #expect(rig.warmVerdict(issued.token)?.identity != nil)
    store.tell(
      LogMark(
        position: lost, signal: "key_revoked", prefix: issued.stored.key.prefix, ownerID: nil))
    while (rig.kernel.lease?.applied ?? 0) < lost { try await Task.sleep(for: .milliseconds(2)) }
    #expect(rig.warmVerdict(issued.token) == nil, "the store is to be asked")
    await rig.kernel.shutdown()
  }

  /// Else what has ended by the store's time would be let in under the new lease by the old time.
  @Test func thePollsTimeCountsBeforeItsLease() async throws {
    let clock = HandClock()
    let store = NodeStore(NodeGroup(clock: clock))
    let rig = try await Rig(store: store, clock: clock) { $0.lease = .milliseconds(20) }
    let kernel = rig.kernel
    store.fault = .polls
    clock.advance(.seconds(1))
    #expect(kernel.lease?.isValid == false)
    let before = store.polls
    let wasValid = Locked<[Bool]>([])
    store.whenTimeIsAsked {
      let isValid = kernel.lease?.isValid == true
      if store.polls > before { wasValid.withLock { $0.append(isValid) } }
    }
    store.fault = nil
    while kernel.lease?.isValid != true { try await Task.sleep(for: .milliseconds(2)) }
    #expect(wasValid.withLock { $0.first } == false)
    store.whenTimeIsAsked(nil)
    await kernel.shutdown()
  }
}
