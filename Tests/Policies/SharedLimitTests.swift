import CardeaKernel
import CardeaMemoryStore
import CardeaPluginTestKit
import Foundation
import Testing

@testable import CardeaPolicies

/// The policies of two nodes that count in one store.
@Suite("limits that nodes share")
struct SharedLimitTests {
  private let store = MemoryStore(clock: StillClock())

  private struct Node {
    let rates: RateLimitPolicy
    let quotas: RefillingQuotaPolicy
    let leases: QuotaLeases

    init(_ store: MemoryStore) throws {
      rates = try RateLimitPolicy(
        [RateLimitRule("wide 600/1m burst=40"), RateLimitRule("all 600/1m burst=60 by=all")],
        costs: ["/search 5"], perKey: true)
      quotas = try RefillingQuotaPolicy([QuotaRule("calls 100 daily")], perKey: true)
      leases = QuotaLeases(store: store, clock: StillClock(), isAutomatic: false)
      rates.lease(from: leases)
      quotas.lease(from: leases)
    }

    /// Every draw that waits.
    func settle() async { while await leases.draw() {} }
  }

  @Test func twoNodesTogetherGetTheLimit() async throws {
    let nodes = [try Node(store), try Node(store)]
    for (policies, most) in [
      (nodes.map { $0.rates as any Policy }, 40 + 5 + 10), (nodes.map { $0.quotas }, 100 + 10),
    ] {
      var passed = 0
      for request in 0..<400 {
        if try policies[request % 2].evaluate(context()).passes { passed += 1 }
        for node in nodes { await node.settle() }
      }
      #expect(passed >= 40 - 5)
      #expect(passed <= most)
    }
    // Another key has its own.
    #expect(try nodes[0].quotas.evaluate(context(.sample(2))).passes)
  }

  @Test func aNodeThatStartsAnewKnowsWhatWasUsed() async throws {
    let first = try Node(store)
    for _ in 0..<100 {
      #expect(try first.quotas.evaluate(context()).passes)
      await first.settle()
    }
    await first.leases.stop()
    let second = try Node(store)
    // What it lets through before it is told.
    #expect(try (0..<50).count { _ in try second.quotas.evaluate(context()).passes } == 10)
    await second.settle()
    let denial = try #require(try second.quotas.evaluate(context()).denial)
    #expect(denial.status == .tooManyRequests)
    #expect(denial.limits.map(\.remaining) == [0])
    #expect(try #require(denial.retryAfter) > .seconds(1))
  }

  /// A rule of the file, and the process starts anew.
  @Test func anEditOfALimitLocksNobodyOut() async throws {
    func passing(_ policy: some LeasingPolicy) async throws -> Int {
      let leases = QuotaLeases(store: store, clock: StillClock(), isAutomatic: false)
      policy.lease(from: leases)
      var passed = 0
      for _ in 0..<1_200 {
        if try policy.evaluate(context()).passes { passed += 1 }
        while await leases.draw() {}
      }
      await leases.stop()
      return passed
    }
    for (rule, most) in [("5 0 0 15 * *", 5), ("50 daily", 50), ("80 0 6 * * *", 80)] {
      #expect(
        try await passing(RefillingQuotaPolicy([QuotaRule("calls \(rule)")])) == most, "\(rule)")
    }
    for (rule, most) in [("100/1d burst=100", 100), ("10000/1m burst=1000", 1_000)] {
      #expect(
        try await passing(RateLimitPolicy([RateLimitRule("calls \(rule)")])) == most, "\(rule)")
    }
    // Another count alone keeps what was used.
    #expect(
      try await (40...50).contains(passing(RefillingQuotaPolicy([QuotaRule("calls 100 daily")]))))
  }

  @Test func whatItTellsIsTheTruth() async throws {
    let node = try Node(store)
    var lefts: [[Int]] = []
    for _ in 0..<3 {
      lefts.append(try node.rates.evaluate(context()).limits.map(\.remaining))
      await node.settle()
    }
    #expect(lefts == [[39, 59], [38, 58], [37, 57]])
    #expect(
      try node.rates.evaluate(context(isRehearsal: true)).limits.map(\.remaining) == [36, 56])
    let other = try Node(store)
    _ = try other.rates.evaluate(context(.sample(2)))
    await other.settle()
    // The first holds some of what all have together.
    let left = try #require(try other.rates.evaluate(context(.sample(2))).limits.last?.remaining)
    #expect((50...56).contains(left), "\(left)")
  }

  /// Counted in all rules or in none.
  @Test func whatOneRuleDeniesCostsNothing() async throws {
    let node = try Node(store)
    for number in 1...2 {
      for _ in 0..<50 {
        _ = try node.rates.evaluate(context(.sample(number)))
        await node.settle()
      }
    }
    let denial = try #require(try node.rates.evaluate(context(.sample(1))).denial)
    #expect(denial.code == "rate_limit")
    #expect(denial.limits.map(\.remaining) == [0, 0])
    // 60 of all: 40 of the first key, 20 of the second.
    #expect(
      try node.rates.evaluate(context(.sample(2))).denial?.limits.map(\.remaining) == [20, 0])
  }

  @Test func aCostIsLeasedAsAWhole() async throws {
    let node = try Node(store)
    let passed = try await passing(node, path: "/search", of: 20)
    #expect(passed == 8)
  }

  private func passing(_ node: Node, path: String, of requests: Int) async throws -> Int {
    var passed = 0
    for _ in 0..<requests {
      if try node.rates.evaluate(context(path: path)).passes { passed += 1 }
      await node.settle()
    }
    return passed
  }

  @Test func aKeysOwnLimitIsSharedToo() async throws {
    let nodes = [try Node(store), try Node(store)]
    let key = Identity.sample(1, metadata: ["quota": .string("10 monthly")])
    var passed = 0
    for request in 0..<60 {
      if try nodes[request % 2].quotas.evaluate(context(key)).passes { passed += 1 }
      for node in nodes { await node.settle() }
    }
    #expect((9...11).contains(passed), "\(passed)")
  }

  /// What only the store could tell is an error, which the kernel answers with 503.
  @Test func withoutAnAnswerAPolicyThrows() async throws {
    let policy = try RateLimitPolicy([RateLimitRule("minute 600/1m burst=20")])
    let leases = QuotaLeases(
      store: UnreachableStore(), clock: StillClock(), isAutomatic: false)
    policy.lease(from: leases)
    var passed = 0
    var failure: (any Error)?
    for _ in 0..<20 {
      do { if try policy.evaluate(context()).passes { passed += 1 } } catch { failure = error }
      await leases.draw()
    }
    #expect(passed == 10)
    #expect(failure is QuotaLeases.Silence)
  }
}

private struct StillClock: KernelClock {
  func now() -> Timestamp { start }
  func monotonic() -> UInt64 { 1_000_000_000 }
}

/// A store that answers nothing.
private struct UnreachableStore: QuotaStore {
  let id = "store.unreachable"
  private let gone = StoreError.unavailable("gone")

  func draw(_ draws: [QuotaDraw]) async throws(StoreError) -> QuotaAnswer { throw gone }
  func open() async throws(StoreError) {}
  func close() async {}
  func find(prefix: String) async throws(StoreError) -> StoredKey? { throw gone }
  func find(id: UUID) async throws(StoreError) -> StoredKey? { throw gone }
  func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> { throw gone }
  func owner(id: UUID) async throws(StoreError) -> OwnerRecord? { throw gone }
  func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    throw gone
  }
  func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> { throw gone }
  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 { throw gone }
  func record(_ usage: [KeyUsage]) async throws(StoreError) { throw gone }
  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord? {
    throw gone
  }
  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] { throw gone }
  func logHead() async throws(StoreError) -> LogHead { throw gone }
}
