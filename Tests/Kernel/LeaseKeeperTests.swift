import CardeaContracts
import CardeaFormats
import CardeaLifecycle
import CardeaTestSupport
import Dispatch
import Testing

@testable import CardeaCache

/// The lease by itself.
@Suite struct LeaseKeeperTests {
  private func keeper(
    _ store: any SharedKeyStore, from position: Int64 = 5, lease: Duration = .seconds(60),
    isNode: Bool,
    _ watch: LogWatch = LogWatch()
  ) -> LeaseKeeper {
    LeaseKeeper(
      store: store, from: position, stamps: ChangeStamps(),
      formats: AcceptedFormats([KeysmithFormat()], preferred: "keysmith", accepted: []),
      watch: watch, lease: lease, clock: HighWaterClock(HandClock()), isNode: isNode)
  }

  /// Only a node of a store that tells of its nodes is nobody before it was heard of.
  @Test func whoIsNoNodeReadsWithoutAPoll() {
    let nodes = NodeStore(NodeGroup())
    let shared = SharedCountingStore()
    for (store, isNode, reads) in [
      (shared, false, true), (shared, true, true), (nodes, false, true), (nodes, true, false),
    ] as [(any SharedKeyStore, Bool, Bool)] {
      #expect(keeper(store, isNode: isNode).admitsReadings(at: 1, leaseEnd: 0) == reads)
    }
  }

  @Test func whoHasLeftReadsNothing() {
    let keeper = keeper(SharedCountingStore(), isNode: false)
    keeper.start()
    #expect(keeper.isValid && keeper.admitsReadings(at: 1, leaseEnd: keeper.end))
    keeper.stop()
    #expect(!keeper.isValid && !keeper.admitsReadings(at: 1, leaseEnd: keeper.end))
  }

  /// It is not behind by its own changes, and by those that it has heard of no less.
  @Test func ownChangesAreNoLag() {
    let keeper = keeper(SharedCountingStore(), isNode: false)
    #expect(keeper.lag(behind: 5) == 0 && keeper.lag(behind: 7) == 2)
    keeper.note(own: 5)
    #expect(keeper.lag(behind: 6) == 1)
    keeper.note(own: 6)
    #expect(keeper.lag(behind: 6) == 0 && keeper.lag(behind: 7) == 1)
  }

  @Test func nobodyIsWokenBeforeTheStart() async throws {
    let store = SharedCountingStore()
    let keeper = keeper(store, lease: .milliseconds(1), isNode: false)
    keeper.wake()
    try await Task.sleep(for: .milliseconds(50))
    #expect(store.polls.count == 0)
  }

  /// A node confirms what came by asking for what comes after it; where nobody waits for that, one poll is enough.
  @Test(arguments: [false, true]) func whatCameIsConfirmedAtOnce(_ isNode: Bool) async throws {
    let group = NodeGroup()
    let (shared, nodes) = (SharedCountingStore(), NodeStore(group))
    let keeper = keeper(isNode ? nodes : shared, from: 0, isNode: isNode)
    keeper.start()
    func polls() -> Int { isNode ? nodes.polls : Int(shared.polls.count) }
    let before = polls()
    #expect(before == (isNode ? 2 : 1), "the first poll of a node is by who is not listed yet")
    if isNode {
      let rig = try await Rig(store: NodeStore(group)) { $0.lease = .seconds(60) }
      for _ in 0..<6 { _ = try await rig.key() }
      await rig.kernel.shutdown()
    } else {
      shared.tell(LogMark(position: 6, signal: "key_revoked", prefix: "p", ownerID: nil))
    }
    keeper.wake()
    while keeper.applied < 6 { await Task.yield() }
    // Longer than the distance that such polls keep.
    try await Task.sleep(for: .milliseconds(900))
    #expect(polls() == before + (isNode ? 2 : 1))
    keeper.stop()
  }

  /// A store that does not answer is not asked any sooner.
  @Test func aPollThatFailsBringsNothing() async throws {
    let nodes = NodeStore(NodeGroup())
    nodes.fault = .polls
    let keeper = keeper(nodes, isNode: true)
    keeper.start()
    try await Task.sleep(for: .milliseconds(300))
    #expect(nodes.attempts == 1 && !keeper.isValid)
    keeper.stop()
  }

  /// Of many that wake it one counts, later ones do too, and such polls keep a hundredth of the lease between them.
  @Test func earlyPollsAreFew() async throws {
    let store = SharedCountingStore()
    let keeper = keeper(store, isNode: false)
    keeper.start()
    let times = Locked<[DispatchTime]>([])
    store.whenPolled.withLock { $0 = { times.withLock { $0.append(.now()) } } }
    for round in 1...2 {
      for _ in 0..<100 { keeper.wake() }
      while times.withLock({ $0.count }) < round { try await Task.sleep(for: .milliseconds(5)) }
    }
    let seen = times.withLock { $0 }
    #expect(seen.count == 2)
    #expect(seen[1].uptimeNanoseconds - seen[0].uptimeNanoseconds > 400_000_000)
    keeper.stop()
  }

  /// There is none before the first that it would have to keep a distance from, here of ten minutes.
  @Test(.timeLimit(.minutes(1))) func theFirstEarlyPollComesAtOnce() async throws {
    let store = SharedCountingStore()
    let keeper = keeper(store, lease: .seconds(60_000), isNode: false)
    keeper.start()
    let before = store.polls.count
    keeper.wake()
    while store.polls.count == before { try await Task.sleep(for: .milliseconds(5)) }
    keeper.stop()
  }

  @Test func whoHasStoppedPollsNoMore() async throws {
    let store = SharedCountingStore()
    let keeper = keeper(store, lease: .milliseconds(40), isNode: false)
    keeper.start()
    while store.polls.count < 3 { await Task.yield() }
    keeper.stop()
    let polls = store.polls.count
    keeper.wake()
    try await Task.sleep(for: .milliseconds(100))
    #expect(store.polls.count == polls && !keeper.isValid)
  }

  /// It goes on from the end of the new log, in which what it has changed itself is nobody's.
  @Test func anotherLogIsFollowedFromItsEnd() async throws {
    let group = NodeGroup()
    let rig = try await Rig(store: NodeStore(group)) { $0.lease = .seconds(60) }
    for _ in 0..<2 { _ = try await rig.key() }
    await rig.kernel.shutdown()
    let watch = LogWatch()
    let keeper = keeper(NodeStore(group), isNode: true, watch)
    keeper.note(own: 6)
    keeper.start()
    #expect(keeper.applied == 2 && keeper.lag(behind: 6) == 4)
    #expect(watch.end == 2 && watch.histories == 1)
    keeper.stop()
  }
}
