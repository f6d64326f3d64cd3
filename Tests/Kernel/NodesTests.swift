import CardeaLifecycle
import CardeaTestSupport
import Dispatch
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Kernels that share one store as nodes, each on a clock of its own.
private struct Nodes {
  let group: NodeGroup
  /// The store's clock.
  let clock: HandClock
  var stores: [NodeStore] = []
  var rigs: [Rig] = []

  /// - Parameter clocks: of each node its own.
  init(
    _ names: [String], lease: Duration = .milliseconds(20), clocks: [HandClock]? = nil,
    configure: (inout KernelConfiguration) -> Void = { _ in }
  ) async throws {
    clock = HandClock()
    group = NodeGroup(clock: clock)
    for (index, name) in names.enumerated() {
      let store = NodeStore(group)
      stores.append(store)
      rigs.append(
        try await Rig(
          store: store, clock: clocks?[index] ?? clock,
          configure: {
            $0.nodeName = name
            $0.nodeVersion = "1.0"
            $0.lease = lease
            configure(&$0)
          }))
    }
  }

  var kernels: [AuthKernel] { rigs.map(\.kernel) }

  func shutdown() async {
    for kernel in kernels { await kernel.shutdown() }
  }

  /// A key that every node has verified, and so remembers.
  func warmKey(_ name: String = "test") async throws -> IssuedKey {
    let issued = try await rigs[0].key(name)
    for rig in rigs {
      try #require(await rig.verdict(issued.token).identity != nil)
      try #require(rig.warmVerdict(issued.token)?.identity != nil)
    }
    return issued
  }
}

/// Returns once something has come true; what never does fails the test.
private func until(
  _ condition: () async throws -> Bool, _ place: SourceLocation = #_sourceLocation
) async throws {
  for _ in 0..<2_000 {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record("it did not come true in ten seconds", sourceLocation: place)
}

@Suite("Many nodes on one store")
struct NodesTests {
  @Test(
    "a node under which the log became another trusts nothing that it had read, and follows the new one"
  )
  func otherHistory() async throws {
    let nodes = try await Nodes(["one", "two"])
    let issued = try await nodes.warmKey()
    // What the other log says of the key stands where this node has already been.
    nodes.stores[1].fault = .otherHistory
    _ = try await nodes.kernels[0].revokeKey(issued.stored.key.id, by: .host)
    try await until { nodes.stores[1].fault == nil }
    try await until { nodes.rigs[1].warmVerdict(issued.token) == nil }
    #expect(await nodes.rigs[1].verdict(issued.token).identity == nil)
    let next = try await nodes.warmKey("next")
    _ = try await nodes.kernels[0].revokeKey(next.stored.key.id, by: .host)
    try await until { await nodes.rigs[1].verdict(next.token).identity == nil }
    await nodes.shutdown()
  }

  @Test(
    "a kernel that authenticates joins with its card and leaves when it ends; another is no node")
  func joining() async throws {
    let group = NodeGroup()
    let store = NodeStore(group)
    let rig = try await Rig(store: store) {
      $0.nodeName = "web-1"
      $0.nodeVersion = "2.1"
      $0.lease = .milliseconds(300)
      $0.maxStale = .seconds(2)
    }
    let manager = try await Rig(store: NodeStore(group), recording: false) { $0.nodeName = "cli" }
    let other = try await Rig(store: NodeStore(group)) { $0.nodeName = "web-2" }
    #expect(try await manager.kernel.nodes().map(\.node.name) == ["web-1", "web-2"])
    let card = try #require(try store.nodes().first?.node)
    #expect(card.name == "web-1")
    #expect(card.version == "2.1")
    // It serves stale for so long after its lease, and receipts must not promise less.
    #expect(card.lease == .milliseconds(2_300))
    #expect(card.id.uuidString.dropFirst(14).first == "7")
    let key = try await manager.key()
    #expect(!key.receipt.confirmed.contains("cli"), "nobody waits for one that is no node")
    await rig.kernel.shutdown()
    #expect(try await manager.kernel.nodes().map(\.node.name) == ["web-2"])
    for kernel in [other.kernel, manager.kernel] { await kernel.shutdown() }
  }

  @Test("a node that has left lets nobody in by what it remembers, since no receipt waits for it")
  func left() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(60))
    let key = try await nodes.warmKey()
    await nodes.kernels[1].shutdown()
    let changed = try await nodes.kernels[0].revokeKey(key.stored.key.id, by: .host)
    #expect(changed.receipt.confirmed == ["a"] && changed.receipt.pending.isEmpty)
    #expect(nodes.rigs[1].warmVerdict(key.token) == nil)
    await nodes.kernels[0].shutdown()
  }

  @Test("a node that has left lets nobody in by what it still reads, since no receipt waits for it")
  func leftReading() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(60))
    let key = try await nodes.warmKey()
    await nodes.kernels[1].shutdown()
    #expect(await nodes.rigs[1].verdict(key.token).denial?.reason == .storeUnavailable)
    #expect(await nodes.rigs[0].verdict(key.token).identity != nil)
    await nodes.kernels[0].shutdown()
  }

  @Test("a receipt names who obeys, and who will by when")
  func receipts() async throws {
    let nodes = try await Nodes(["a", "b", "c"], lease: .seconds(60))
    let key = try await nodes.warmKey()
    for store in nodes.stores[1...] { store.fault = .polls }
    let changed = try await nodes.kernels[0].revokeKey(key.stored.key.id, by: .host)
    #expect(changed.receipt.confirmed == ["a"], "who made the change obeys at once")
    #expect(changed.receipt.pending.map(\.node) == ["b", "c"])
    let by = try #require(nodes.clock.now().adding(.seconds(60)))
    #expect(changed.receipt.pending.allSatisfy { $0.by == by })
    #expect(changed.receipt.boundMilliseconds == 60_000)
    #expect(!changed.receipt.isPartial)
    let text = String(decoding: try JSONEncoder().encode(changed.receipt), as: UTF8.self)
    #expect(text.contains(#""pending":[{""#) && !text.contains("partial"))
    #expect(!text.contains("lease") && !text.contains("acknowledged"))
    await nodes.shutdown()
  }

  @Test("a node that can't poll allows nothing by what it remembers once its lease has run out")
  func lost() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(4))
    let key = try await nodes.warmKey()
    let (b, store) = (nodes.rigs[1], nodes.stores[1])
    store.fault = .polls
    let changed = try await nodes.kernels[0].revokeKey(key.stored.key.id, by: .host)
    #expect(b.warmVerdict(key.token)?.identity != nil, "within the lease, as the receipt says")
    let by = try #require(changed.receipt.pending.first?.by)
    nodes.clock.advance(.seconds(4))
    #expect(nodes.clock.now() >= by)
    #expect(b.warmVerdict(key.token) == nil)
    #expect(await b.verdict(key.token).denial?.reason == .revoked, "the store says so")
    store.fault = .everything
    nodes.clock.advance(.seconds(4))
    #expect(await b.verdict(key.token).denial?.reason == .storeUnavailable)
    store.fault = nil
    await nodes.shutdown()
  }

  @Test("waiting returns when all have confirmed, long before the lease has run out")
  func confirmed() async throws {
    let nodes = try await Nodes(["a", "b", "c"], lease: .seconds(60))
    let key = try await nodes.warmKey()
    let changed = try await nodes.kernels[0].revokeKey(key.stored.key.id, by: .host)
    // The clock stands still, and the next poll by the clock is a quarter of a minute away: it was the wake.
    let receipt = await nodes.kernels[0].waitForConfirmation(of: changed.receipt)
    #expect(receipt.confirmed == ["a", "b", "c"])
    #expect(receipt.pending.isEmpty)
    #expect(receipt.position == changed.receipt.position)
    for rig in nodes.rigs { #expect(await rig.verdict(key.token).denial?.reason == .revoked) }
    await nodes.shutdown()
  }

  @Test("without a wake the poll confirms")
  func deaf() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .milliseconds(40))
    nodes.group.isDeaf = true
    let key = try await nodes.warmKey()
    let changed = try await nodes.kernels[0].suspendKey(key.stored.key.id, by: .host)
    let receipt = await nodes.kernels[0].waitForConfirmation(of: changed.receipt)
    #expect(receipt.confirmed == ["a", "b"])
    await nodes.shutdown()
  }

  @Test("waiting for a node that is lost ends with its lease, not before")
  func waiting() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(30))
    let key = try await nodes.warmKey()
    nodes.stores[1].fault = .polls
    let kernel = nodes.kernels[0]
    let changed = try await kernel.revokeKey(key.stored.key.id, by: .host)
    nodes.clock.advance(.seconds(29))
    let asked = nodes.group.asked
    let isDone = Locked(false)
    let waiting = Task {
      let receipt = await kernel.waitForConfirmation(of: changed.receipt)
      isDone.withLock { $0 = true }
      return receipt
    }
    try await until { nodes.group.asked > asked + 2 }
    #expect(!isDone.withLock { $0 })
    #expect(nodes.rigs[1].warmVerdict(key.token)?.identity != nil, "it may still allow")
    nodes.clock.advance(.seconds(1))
    let receipt = await waiting.value
    #expect(receipt.confirmed == ["a"])
    #expect(receipt.pending.isEmpty)
    await nodes.shutdown()
  }

  @Test("whoever hangs up is not waited for")
  func cancelled() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(60))
    let key = try await nodes.warmKey()
    nodes.stores[1].fault = .polls
    let kernel = nodes.kernels[0]
    let changed = try await kernel.revokeKey(key.stored.key.id, by: .host)
    let waiting = Task { await kernel.waitForConfirmation(of: changed.receipt) }
    waiting.cancel()
    #expect(await waiting.value.pending.map(\.node) == ["b"])
    await nodes.shutdown()
  }

  /// It may have read the key just before, and what was read counts for a lease without any poll.
  @Test("a silent node is waited for until its lease has run out since the change, and no longer")
  func silent() async throws {
    let nodes = try await Nodes(["a"], lease: .seconds(60))
    let silent = NodeCard(id: UUID(), name: "silent", lease: .seconds(2), version: "1.0")
    nodes.group.add(silent)
    let key = try await nodes.rigs[0].key()
    nodes.clock.advance(.seconds(100))
    let changed = try await nodes.kernels[0].revokeKey(key.stored.key.id, by: .host)
    #expect(changed.receipt.confirmed == ["a"])
    #expect(changed.receipt.pending.map(\.node) == ["silent"])
    nodes.clock.advance(.milliseconds(2_001))
    let later = await nodes.kernels[0].renewed(changed.receipt)
    #expect(later.confirmed == ["a"] && later.pending.isEmpty)
    await nodes.shutdown()
  }

  @Test("a node whose polls alone fail allows no longer than its receipt says")
  func readingsWithoutPolls() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(10))
    let keys = [try await nodes.warmKey("first"), try await nodes.warmKey("second")]
    let rig = nodes.rigs[1]
    nodes.stores[1].fault = .polls
    nodes.clock.advance(.seconds(11))
    // Its lease has run out: it goes to the store, and what it reads there counts for a lease, though the key is
    // revoked on the other node just after.
    for (key, waits) in zip(keys, [9, 10]) {
      let isHeld = DispatchSemaphore(value: 0)
      let mayGoOn = Locked(false)
      nodes.stores[1].holdNextFind {
        isHeld.signal()
        while !mayGoOn.withLock({ $0 }) { await Task.yield() }
      }
      async let verdict = rig.verdict(key.token)
      await wait(for: isHeld)
      let changed = try await nodes.kernels[0].revokeKey(key.stored.key.id, by: .host)
      let pending = try #require(changed.receipt.pending.first)
      #expect(changed.receipt.pending.count == 1 && pending.node == "b")
      #expect(pending.by.milliseconds - nodes.clock.now().milliseconds == 10_000)
      nodes.clock.advance(.seconds(waits))
      mayGoOn.withLock { $0 = true }
      if waits < 10 {
        #expect(await verdict.identity != nil)
      } else {
        #expect(await verdict.denial?.reason == .revoked)
      }
      #expect(await rig.verdict(key.token).denial?.reason == .revoked)
    }
    await nodes.shutdown()
  }

  @Test("a node of which nothing was heard for so long that no receipt waits for it lets nobody in")
  func forgotten() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(10))
    let (key, other) = (try await nodes.warmKey("first"), try await nodes.warmKey("second"))
    let (b, store) = (nodes.rigs[1], nodes.stores[1])
    store.fault = .polls
    nodes.clock.advance(.seconds(1_809))
    let identity = try #require(await b.verdict(key.token).identity)
    // What was read in time is decided too late.
    let isHeld = DispatchSemaphore(value: 0)
    let mayGoOn = Locked(false)
    store.holdNextFind {
      isHeld.signal()
      while !mayGoOn.withLock({ $0 }) { await Task.yield() }
    }
    async let late = b.verdict(key.token)
    await wait(for: isHeld)
    nodes.clock.advance(.seconds(1))
    mayGoOn.withLock { $0 = true }
    #expect(await late.denial?.reason == .storeUnavailable)
    nodes.clock.advance(.seconds(1_800))
    let changed = try await nodes.kernels[0].suspendKey(other.stored.key.id, by: .host)
    #expect(changed.receipt.confirmed == ["a"] && changed.receipt.pending.isEmpty)
    store.holdNextFind { Issue.record("it asks for what counts for nothing") }
    #expect(await b.verdict(key.token).denial?.reason == .storeUnavailable)
    #expect(await b.kernel.recheck(identity).denial?.reason == .storeUnavailable)
    store.holdNextFind {}
    store.fault = nil
    try await until { await b.verdict(key.token).identity != nil }
    let next = try await nodes.kernels[0].suspendKey(key.stored.key.id, by: .host)
    #expect(
      await nodes.kernels[0].waitForConfirmation(of: next.receipt).confirmed == ["a", "b"])
    await nodes.shutdown()
  }

  @Test("the poll by which a node is heard of again does not speak for what was changed meanwhile")
  func heardOfAgain() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(10))
    nodes.group.isDeaf = true
    let key = try await nodes.warmKey()
    let store = nodes.stores[1]
    store.fault = .polls
    nodes.clock.advance(.seconds(4_000))
    let (isHeld, mayGoOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    store.holdNextPoll {
      isHeld.signal()
      mayGoOn.wait()
    }
    store.fault = nil
    await wait(for: isHeld)
    let changed = try await nodes.kernels[0].revokeKey(key.stored.key.id, by: .host)
    #expect(changed.receipt.confirmed == ["a"] && changed.receipt.pending.isEmpty)
    mayGoOn.signal()
    try await until { await nodes.kernels[1].readiness().isReady }
    #expect(nodes.rigs[1].warmVerdict(key.token)?.identity == nil)
    await nodes.shutdown()
  }

  @Test("a node of which nothing was ever heard lets nobody in")
  func neverHeardOf() async throws {
    let nodes = try await Nodes(["a"], lease: .seconds(10))
    let key = try await nodes.warmKey()
    let store = NodeStore(nodes.group)
    store.fault = .polls
    let rig = try await Rig(store: store, clock: nodes.clock) { $0.lease = .milliseconds(40) }
    let facts = RequestFacts(Call(key.token))
    #expect(await rig.verdict(key.token).denial?.reason == .storeUnavailable)
    let explained = await rig.kernel.explain(token: key.token, facts: facts)
    #expect(explained.verdict.denial?.reason == .storeUnavailable)
    #expect(explained.checks.last { $0.outcome == .denied }?.name == "lookup")
    store.fault = nil
    try await until { await rig.kernel.readiness().isReady }
    #expect(await rig.verdict(key.token).identity != nil)
    #expect(await rig.kernel.explain(token: key.token, facts: facts).verdict.identity != nil)
    await rig.kernel.shutdown()
    await nodes.shutdown()
  }

  @Test("the bound is the longest lease of those who live")
  func bound() async throws {
    let nodes = try await Nodes(["a"], lease: .seconds(1))
    let slow = NodeCard(id: UUID(), name: "slow", lease: .seconds(50), version: "1.0")
    nodes.group.add(slow)
    let key = try await nodes.rigs[0].key()
    #expect(key.receipt.boundMilliseconds == 50_000)
    nodes.group.isSilent = true
    let changed = try await nodes.kernels[0].suspendKey(key.stored.key.id, by: .host)
    #expect(changed.receipt.boundMilliseconds == 50_000, "as it was known last")
    await nodes.shutdown()
  }

  @Test(
    "a store that does not name its nodes leaves the receipt partial, and the bound is waited for")
  func partial() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(10))
    let key = try await nodes.warmKey()
    nodes.group.isSilent = true
    let kernel = nodes.kernels[0]
    let changed = try await kernel.revokeKey(key.stored.key.id, by: .host)
    #expect(changed.receipt.isPartial)
    #expect(changed.receipt.confirmed == ["a"])
    #expect(changed.receipt.pending.isEmpty)
    let text = String(decoding: try JSONEncoder().encode(changed.receipt), as: UTF8.self)
    #expect(text.contains(#""partial":true"#))
    let asked = nodes.group.asked
    let isDone = Locked(false)
    let waiting = Task {
      let receipt = await kernel.waitForConfirmation(of: changed.receipt)
      isDone.withLock { $0 = true }
      return receipt
    }
    try await until { nodes.group.asked > asked + 2 }
    #expect(!isDone.withLock { $0 })
    nodes.clock.advance(.seconds(10))
    #expect(await waiting.value.isPartial)
    nodes.group.isSilent = false
    let later = await kernel.waitForConfirmation(
      of: try await kernel.revokeKey(key.stored.key.id, by: .host).receipt)
    #expect(!later.isPartial && later.confirmed == ["a", "b"])
    await nodes.shutdown()
  }

  @Test("who finds the work done by another confirms only what it has applied")
  func doneByAnother() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(60))
    let key = try await nodes.warmKey()
    nodes.stores[1].fault = .polls
    _ = try await nodes.kernels[0].revokeKey(key.stored.key.id, by: .host)
    #expect(nodes.rigs[1].warmVerdict(key.token)?.identity != nil)
    let again = try await nodes.kernels[1].revokeKey(key.stored.key.id, by: .host)
    #expect(!again.receipt.confirmed.contains("b"))
    #expect(again.receipt.pending.map(\.node).contains("b"))
    await nodes.shutdown()
  }

  @Test("bulk changes, rehearsals and sweeps do not ask for the nodes once per key")
  func frugal() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(60))
    let kernel = nodes.kernels[0]
    for index in 0..<40 {
      _ = try await nodes.rigs[0].key("key \(index)") { $0.expiry = .after(.seconds(3_600)) }
    }
    var asked = nodes.group.asked
    let query = KeyQuery(now: kernel.clock.now())
    let keys = try await kernel.select(query, for: .suspend)
    #expect(keys.count == 40)
    let trial = await kernel.change(keys, .suspend, matching: query, by: Actor.host.rehearsing)
    #expect(trial.changed == 40)
    #expect(nodes.group.asked == asked)
    nodes.stores[1].fault = .polls
    let report = await kernel.change(keys, .suspend, matching: query, by: .host)
    #expect(report.changed == 40)
    #expect(nodes.group.asked == asked + 1)
    #expect(report.receipt?.isPartial == false)
    #expect(report.receipt?.confirmed == ["a"])
    #expect(report.receipt?.pending.map(\.node) == ["b"])
    nodes.stores[1].fault = nil
    _ = await kernel.change(keys, .reactivate, matching: query, by: .host)
    asked = nodes.group.asked
    nodes.clock.advance(.seconds(3_601))
    #expect(try await kernel.sweep().expired == 40)
    #expect(nodes.group.asked == asked)
    await nodes.shutdown()
  }

  @Test("those who ask at the same time share an answer that is newer than their changes")
  func shared() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(60))
    let kernel = nodes.kernels[0]
    nodes.stores[1].fault = .polls
    try await withThrowingTaskGroup(of: Receipt.self) { group in
      for index in 0..<50 {
        group.addTask { try await nodes.rigs[0].key("key \(index)").receipt }
      }
      for try await receipt in group {
        #expect(receipt.pending.map(\.node) == ["b"])
        #expect(receipt.confirmed == ["a"])
      }
    }
    nodes.stores[1].fault = nil
    let last = try await nodes.rigs[0].key()
    #expect(await kernel.waitForConfirmation(of: last.receipt).confirmed == ["a", "b"])
    await nodes.shutdown()
  }

  @Test("however often a node is woken, it polls now and then")
  func wakes() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(60))
    let before = nodes.stores[1].polls
    var last: Receipt?
    for index in 0..<500 { last = try await nodes.rigs[0].key("key \(index)").receipt }
    let receipt = await nodes.kernels[0].waitForConfirmation(of: try #require(last))
    #expect(receipt.confirmed == ["a", "b"])
    // Two for each wake, which keep 600 ms apart.
    #expect(nodes.stores[1].polls - before < 200)
    await nodes.shutdown()
  }

  @Test("a store that is shared but names no nodes: waiting ends with the lease")
  func unnamed() async throws {
    let rig = try await Rig(store: SharedCountingStore()) { $0.lease = .seconds(3) }
    let key = try await rig.key()
    let changed = try await rig.kernel.revokeKey(key.stored.key.id, by: .host)
    #expect(changed.receipt.confirmed == ["local"])
    let isDone = Locked(false)
    let waiting = Task {
      let receipt = await rig.kernel.waitForConfirmation(of: changed.receipt)
      isDone.withLock { $0 = true }
      return receipt
    }
    rig.clock.advance(.milliseconds(2_999))
    try await Task.sleep(for: .milliseconds(20))
    #expect(!isDone.withLock { $0 })
    rig.clock.advance(.milliseconds(1))
    #expect(await waiting.value == changed.receipt)
    let alone = try await Rig()
    let made = try await alone.key()
    #expect(await alone.kernel.waitForConfirmation(of: made.receipt) == made.receipt)
  }
}

@Suite("Clocks of many nodes")
struct NodeClockTests {
  @Test("a node whose clock is hours behind the store's denies what has expired")
  func behind() async throws {
    let late = HandClock()
    late.advance(.seconds(-3 * 3_600))
    let nodes = try await Nodes(["late"], clocks: [late])
    let rig = nodes.rigs[0]
    #expect(rig.kernel.clock.now() >= nodes.clock.now(), "the store's time counts")
    let key = try await rig.key { $0.expiry = .after(.seconds(600)) }
    #expect(await rig.verdict(key.token).identity != nil)
    // The store goes on by eleven minutes: only polls tell.
    nodes.clock.advance(.seconds(660))
    try await until { rig.kernel.clock.now() >= nodes.clock.now() }
    #expect(await rig.verdict(key.token).denial?.reason == .expired)
    await nodes.shutdown()
  }

  @Test("between polls its time goes on, and stands by the store's when it is set right")
  func between() async throws {
    let late = HandClock()
    late.advance(.seconds(-3 * 3_600))
    let nodes = try await Nodes(["late"], lease: .seconds(60), clocks: [late])
    let (rig, store) = (nodes.rigs[0], nodes.stores[0])
    let key = try await rig.key { $0.expiry = .after(.seconds(600)) }
    store.fault = .polls
    late.advance(.seconds(599))
    #expect(await rig.verdict(key.token).identity != nil)
    late.advance(.seconds(1))
    #expect(await rig.verdict(key.token).denial?.reason == .expired)
    let now = rig.kernel.clock.now()
    late.setWall(now)
    #expect(rig.kernel.clock.now() == now, "nobody adds the difference once more")
    late.setWall(Timestamp(milliseconds: 0))
    #expect(rig.kernel.clock.now() >= now, "it never goes back")
    await nodes.shutdown()
  }

  @Test("a node whose clock is ahead is warned of, and goes by the store's time all the same")
  func ahead() async throws {
    let early = HandClock()
    early.advance(.seconds(2 * 3_600))
    let nodes = try await Nodes(["early"], clocks: [early])
    let kernel = nodes.kernels[0]
    #expect(kernel.clockDifference == .seconds(7_200))
    #expect(kernel.clock.now() == nodes.clock.now())
    let key = try await nodes.rigs[0].key { $0.expiry = .after(.seconds(600)) }
    #expect(key.stored.key.createdAt == nodes.clock.now())
    #expect(await nodes.rigs[0].verdict(key.token).identity != nil)
    #expect(kernel.nodeWarnings == [.clockApart(.seconds(7_200))])
    #expect(
      kernel.nodeWarnings.first?.detail
        == "this machine's clock is 2 h 0 min ahead of the store's. Set it by NTP")
    early.setWall(nodes.clock.now())
    #expect(kernel.nodeWarnings.isEmpty)
    early.setWall(Timestamp(milliseconds: nodes.clock.now().milliseconds - 5_001))
    #expect(kernel.nodeWarnings.first?.detail.contains("5 s behind") == true)
    early.setWall(Timestamp(milliseconds: nodes.clock.now().milliseconds - 5_000))
    #expect(kernel.nodeWarnings.isEmpty)
    await nodes.shutdown()
  }

  /// What a clock that was wrong once has left behind.
  @Test(
    "where the log is hours ahead of the store's clock time goes on, nothing lives again, and it is said"
  )
  func aheadLog() async throws {
    let nodes = try await Nodes(["a"])
    let (rig, store, clock) = (nodes.rigs[0], nodes.stores[0], nodes.clock)
    let old = try await rig.key { $0.expiry = .after(.seconds(3_600)) }
    clock.advance(.seconds(2 * 3_600))
    try await until { rig.kernel.clock.now() >= clock.now() }
    _ = try await rig.key()
    await nodes.shutdown()
    clock.setWall(Timestamp(milliseconds: clock.now().milliseconds - 7_200_000))
    let next = try await Rig(store: store, clock: clock) { $0.lease = .milliseconds(20) }
    #expect(next.kernel.nodeWarnings == [.timeAhead(.seconds(7_200))])
    #expect(await next.verdict(old.token).denial?.reason == .expired)
    let issued = try await next.key()
    let rotated = try await next.kernel.rotateToken(
      issued.stored.key.id, Rotation(overlap: .seconds(60)), by: .host)
    #expect(await next.verdict(issued.token).identity != nil)
    clock.advance(.seconds(66))
    #expect(await next.verdict(issued.token).denial != nil, "the overlap has ended")
    #expect(await next.verdict(rotated.token).identity != nil)
    await next.kernel.shutdown()
  }

  @Test(
    "names given twice, other versions and what the store says are warned of; readiness is as it was"
  )
  func warnings() async throws {
    let nodes = try await Nodes(["a"], lease: .seconds(10))
    let kernel = nodes.kernels[0]
    for (name, version) in [("a", "1.0"), ("b", "0.9")] {
      nodes.group.add(NodeCard(id: UUID(), name: name, lease: .seconds(10), version: version))
    }
    nodes.stores[0].cautions = ["no standby is synchronous"]
    await kernel.refreshNodes()
    #expect(
      kernel.nodeWarnings == [
        .store("no standby is synchronous"), .sameName("a", count: 2),
        .otherVersion(node: "b", version: "0.9", own: "1.0"),
      ])
    #expect(
      kernel.nodeWarnings.map(\.code) == ["store_caution", "node_name_twice", "node_version"])
    #expect(kernel.nodeWarnings.allSatisfy { !$0.summary.contains("0.9") })
    #expect(await kernel.readiness().isReady)
    _ = try await nodes.rigs[0].key()
    await kernel.refreshNodes()
    #expect(kernel.figures().nodes?.alive == 3)
    // The two that never poll are gone after their lease, and with them what was wrong with them.
    nodes.clock.advance(.milliseconds(10_001))
    nodes.stores[0].cautions = []
    nodes.stores[0].fault = nil
    try await until {
      await kernel.refreshNodes()
      return kernel.nodeWarnings.isEmpty
    }
    await nodes.shutdown()
  }

  @Test("how far a node is behind")
  func figures() async throws {
    let nodes = try await Nodes(["a", "b"], lease: .seconds(60))
    _ = try await nodes.warmKey()
    func behind(_ index: Int) async -> Int64? {
      await nodes.kernels[index].refreshNodes()
      return nodes.kernels[index].figures().nodes?.behind
    }
    try await until { await behind(1) == 0 }
    nodes.stores[1].fault = .polls
    for index in 0..<3 { _ = try await nodes.rigs[0].key("key \(index)") }
    #expect(await behind(1) == 3)
    #expect(await behind(0) == 0, "who made the changes is not behind them")
    #expect(nodes.kernels[1].figures().nodes?.clockDifference == .zero)
    #expect(try await Rig().kernel.figures().nodes == nil)
    await nodes.shutdown()
  }

  @Test("a node's name is 1 to 64 visible ASCII characters")
  func names() {
    for name in ["", "web 1", "wéb", "a\n", String(repeating: "x", count: 65)] {
      #expect(!NodeCard.isName(name), "\(name)")
    }
    for name in ["a", "web-1:8420", String(repeating: "x", count: 64)] {
      #expect(NodeCard.isName(name))
    }
  }
}
