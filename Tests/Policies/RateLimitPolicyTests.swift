import CardeaKernel
import CardeaPluginTestKit
import Testing

@testable import CardeaPolicies

@Suite("the rate limit policy")
struct RateLimitPolicyTests {
  private func policy(
    _ rules: String..., costs: [String] = [], perKey: Bool = false, entries: Int = 100_000
  ) throws -> RateLimitPolicy {
    try RateLimitPolicy(
      try rules.map { try RateLimitRule($0) }, costs: costs, perKey: perKey, entries: entries)
  }

  /// At ten times the limit, for a minute of simulated time, within 1 % of what is configured.
  @Test(arguments: [7, 60, 99, 100, 599, 600, 6_000])
  func atTenTimesTheLimitTheAllowedCountIsTheConfiguredOne(count: Int) throws {
    let policy = try policy("minute \(count)/1m")
    for minute in 0..<2 {
      let allowed = try (0..<count * 10).count { index in
        let at = after(Int64(minute * 60_000 + index * 60_000 / (count * 10)))
        return try policy.evaluate(context(at: at)).passes
      }
      #expect(abs(allowed - count) * 100 <= count, "minute \(minute): \(allowed) of \(count)")
    }
  }

  /// Requests that come at random, ten times as many as are allowed.
  @Test(arguments: [100, 1_000]) func alsoIfTheyComeAtRandom(count: Int) throws {
    let policy = try policy("minute \(count)/1m")
    var state: UInt64 = 42
    var allowed = 0
    var times: [Int64] = []
    for _ in 0..<count * 10 {
      // Knuth's MMIX generator; its high bits, spread over the minute and sorted below.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      times.append(Int64(state >> 40) * 60_000 / (1 << 24))
    }
    for time in times.sorted() where try policy.evaluate(context(at: after(time))).passes {
      allowed += 1
    }
    #expect(abs(allowed - count) * 100 <= count, "\(allowed) of \(count)")
  }

  @Test func aBurstComesOnTopOfTheRate() throws {
    let policy = try policy("minute 60/1m burst=10")
    #expect(try (0..<100).count { _ in try policy.evaluate(context()).passes } == 10)
    #expect(try !policy.evaluate(context(at: after(999))).passes)
    #expect(try policy.evaluate(context(at: after(1_000))).passes)
    #expect(try !policy.evaluate(context(at: after(1_000))).passes)
    // Idle for long: one burst, not more.
    #expect(
      try (0..<100).count { _ in try policy.evaluate(context(at: after(9_000_000))).passes } == 10)
  }

  @Test func whatItTellsIsTheTruth() throws {
    let policy = try policy("minute 60/1m burst=3")
    var states: [LimitState] = []
    for _ in 0..<3 { states += try policy.evaluate(context()).limits }
    #expect(states.map(\.remaining) == [2, 1, 0])
    #expect(states.allSatisfy { $0.resetsAfter == .seconds(1) && $0.quota == 60 })
    let denial = try #require(try policy.evaluate(context(at: after(400))).denial)
    #expect(denial.status == .tooManyRequests)
    #expect(denial.code == "rate_limit")
    #expect(denial.retryAfter == .milliseconds(600))
    #expect(denial.limits.map(\.remaining) == [0])
    #expect(denial.limits.map(\.resetsAfter) == [.milliseconds(600)])
    // Waiting for as long as it says is enough, and less is not.
    #expect(try !policy.evaluate(context(at: after(999))).passes)
    #expect(try policy.evaluate(context(at: after(1_000))).passes)
  }

  @Test func keysAndOwnersHaveBudgetsOfTheirOwn() throws {
    let policy = try policy("key 60/1m", "owner 60/1m burst=2 by=owner", "all 60/1m burst=3 by=all")
    let alice = (1...3).map { Identity.sample($0, owner: "alice") }
    #expect(try policy.evaluate(context(alice[0])).passes)
    #expect(try !policy.evaluate(context(alice[0])).passes, "the key's own")
    // Samples of different numbers have different owner ids.
    let loner = Identity.sample(7)
    #expect(try policy.evaluate(context(loner)).passes)
    #expect(try !policy.evaluate(context(loner)).passes)
    #expect(try policy.evaluate(context(.sample(8))).passes)
    let denied = try policy.evaluate(context(.sample(9)))
    #expect(denied.denial?.limits.map(\.remaining) == [1, 2, 0], "everybody's")
  }

  /// Counted in all rules or in none.
  @Test func aRequestThatOneRuleDeniesCostsNothing() throws {
    let policy = try policy("wide 600/1m burst=10", "narrow 60/1m burst=2")
    for _ in 0..<50 { _ = try policy.evaluate(context()) }
    let denial = try #require(try policy.evaluate(context()).denial)
    #expect(denial.limits.map(\.name) == ["wide", "narrow"])
    #expect(denial.limits.map(\.remaining) == [8, 0])
  }

  @Test func manyThreadsTogetherGetNoMoreThanTheBurst() async throws {
    let policy = try policy("wide 1000/1m burst=800", "narrow 1000/1h burst=500")
    let passed = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<500).count { _ in (try? policy.evaluate(context()).passes) ?? false }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(passed == 500)
    // And what the narrow one denied was given back to the wide one.
    #expect(try policy.evaluate(context()).denial?.limits.map(\.remaining) == [300, 0])
  }

  @Test func aCostThatARuleNeverHasIsAFault() {
    #expect(
      fault { _ = try self.policy("search 60/1m burst=2", costs: ["/search 5"]) }?.setting
        == "costs")
  }

  @Test func theRulesOfTheGuide() throws {
    let policy = try policy(
      "minute 600/1m burst=50", "owner 10000/1h burst=500 by=owner",
      "search 30/1m burst=5 path=/search", "writes 60/1m burst=20 method=POST",
      costs: ["/search 5", "POST /reports 20"], perKey: true)
    let search = try policy.evaluate(context(path: "/search"))
    #expect(search.limits.map(\.name) == ["minute", "owner", "search"])
    #expect(search.limits.map(\.remaining) == [45, 495, 0])
    let report = try policy.evaluate(context(.sample(2), method: "POST", path: "/reports"))
    #expect(report.limits.map(\.remaining) == [30, 480, 0])
  }

  @Test func aCostTakesThatManyUnits() throws {
    let policy = try policy(
      "minute 600/1m burst=30", costs: ["/search 5", "POST /search 20", "DELETE 2"])
    func left(_ method: String, _ path: String) throws -> Int? {
      try policy.evaluate(context(method: method, path: path)).limits.first?.remaining
    }
    #expect(try left("GET", "/orders") == 29)
    #expect(try left("GET", "/search/x") == 24)
    #expect(try left("DELETE", "/orders/1") == 22)
    #expect(try left("POST", "/search") == 2)
    let denial = try policy.evaluate(context(path: "/search")).denial
    #expect(denial?.limits.first?.remaining == 2)
    #expect(denial?.retryAfter == .milliseconds(300), "three more units of 100 ms each")
    #expect(try left("GET", "/searching") == 1)
  }

  @Test func aRouteHasItsOwnLimitAndCanNotBeHidden() throws {
    let policy = try policy("search 60/1m path=/search", "writes 60/1m method=POST")
    #expect(try policy.evaluate(context(path: "/orders")) == .pass)
    #expect(try policy.evaluate(context(path: "/search?x")).limits.isEmpty)
    #expect(try policy.evaluate(context(path: "/search/1")).limits.map(\.name) == ["search"])
    #expect(try !policy.evaluate(context(path: "/%73earch")).passes, "the same route")
    for path in ["", "/x/../search", "//search", "/x%2f..%2fsearch", "/%zz", "search", "/a/./b"] {
      #expect(
        try policy.evaluate(context(.sample(2), path: path)).denial?.code == "unknown_route",
        "\(path)")
    }
    #expect(try policy.evaluate(context(.sample(2), method: "")).denial?.code == "unknown_route")
    #expect(
      try policy.evaluate(context(.sample(2), method: "")).denial?.status == .forbidden)
  }

  @Test func anEditOfALimitLocksNobodyOut() throws {
    let policy = try policy(perKey: true)
    func passing(_ rate: String) throws -> Int {
      let key = Identity.sample(1, metadata: ["rate_limit": .string(rate)])
      return try (0..<2_000).count { _ in try policy.evaluate(context(key)).passes }
    }
    #expect(try passing("100/1d burst=100") == 100)
    #expect(try passing("10000/1m burst=1000") == 1_000)
    #expect(try passing("10000/1m burst=10") == 10)
    // And going back fills nothing up.
    #expect(try passing("100/1d burst=100") == 0)
  }

  @Test func aKeysOwnRateComesFromItsMetadata() throws {
    let policy = try policy("minute 600/1m burst=100", perKey: true)
    let slow = Identity.sample(1, metadata: ["rate_limit": .string("60/1m burst=2")])
    #expect(try (0..<9).count { _ in try policy.evaluate(context(slow)).passes } == 2)
    #expect(try policy.evaluate(context(slow)).limits.map(\.name) == ["minute", "key"])
    let free = Identity.sample(2)
    #expect(try (0..<9).count { _ in try policy.evaluate(context(free)).passes } == 9)
    let broken = Identity.sample(3, metadata: ["rate_limit": .string("lots")])
    #expect(throws: MetadataFault.self) { try policy.evaluate(context(broken)) }
    #expect(throws: Never.self) { try policy.check(metadata: ["rate_limit": .string("5/1s")]) }
    for value: JSONValue in [
      .string(""), .string("0/1m"), .string("5/1s burst=6"), .string("a 5/1s"), .integer(5),
      .string("5/1s by=owner"),
    ] {
      #expect(throws: MetadataFault.self) { try policy.check(metadata: ["rate_limit": value]) }
    }
  }

  @Test func aRehearsalTellsWithoutCounting() throws {
    let policy = try policy("minute 60/1m burst=2")
    for _ in 0..<10 {
      let told = try policy.evaluate(context(isRehearsal: true))
      #expect(told.limits.map(\.remaining) == [1])
    }
    #expect(try (0..<9).count { _ in try policy.evaluate(context()).passes } == 2)
    #expect(try !policy.evaluate(context(isRehearsal: true)).passes)
  }

  /// A million keys at once in a table for 100,000: bounded, and the busy one is not forgotten.
  @Test func memoryIsBoundedAtAMillionKeys() throws {
    let table = BudgetTable(capacity: 100_000)
    let rule = try RateLimitRule("minute 60/1m burst=10")
    let now = start.nanoseconds
    let busy = BudgetTable.Subject(low: 1, high: 1)
    for _ in 0..<10 { _ = table.update(busy, floor: now) { rule.gcra.take(&$0, at: now) } }
    let allowed = (0..<1_000_000 as Range<UInt64>).count { number in
      let subject = BudgetTable.Subject(low: number, high: 2)
      return table.update(subject, floor: now) { rule.gcra.take(&$0, at: now) } == nil
    }
    #expect(allowed == 1_000_000)
    #expect(table.allocated == table.capacity)
    #expect(table.capacity < 101_000)
    #expect(table.count(above: now) <= table.capacity)
    #expect(table.update(busy, floor: now) { rule.gcra.take(&$0, at: now) } != nil)
  }

  /// With room for all of them, each of a million keys is limited by itself.
  @Test func aMillionKeysAreToldApart() throws {
    let table = BudgetTable(capacity: 4_000_000)
    let rule = try RateLimitRule("minute 60/1m")
    let now = start.nanoseconds
    func take(_ number: UInt64) -> Bool {
      table.update(BudgetTable.Subject(low: number, high: ~number), floor: now) {
        rule.gcra.take(&$0, at: now) == nil
      }
    }
    let first = (0..<1_000_000 as Range<UInt64>).count { take($0) }
    let second = (0..<1_000_000 as Range<UInt64>).count { take($0) }
    #expect(first == 1_000_000)
    // Sets of eight places fill up unevenly: some few are forgotten.
    #expect(second < 10_000, "\(second)")
  }

  @Test(arguments: [
    ("", "not a name and a rate"), ("minute", "not a name and a rate"), ("minute 10", "no rate"),
    ("minute 0/1m", "no rate"), ("minute 10/0s", "no rate"), ("minute 10/1", "no rate"),
    ("minute 10/never", "no rate"), ("minute 1000001/1m", "no rate"), ("minute +1/1m", "no rate"),
    ("minute 10/1m/1m", "no rate"), ("minute 10/400d", "no rate"), ("mi\"nute 10/1m", "name"),
    ("minute 10/1m burst=0", "out of range"), ("minute 10/1m burst=11", "out of range"),
    ("minute 10/1m burst=x", "out of range"), ("minute 10/1m by=me", "nobody"),
    ("minute 10/1m path=orders", "no path"), ("minute 10/1m path=/a/../b", "no path"),
    ("minute 10/1m method=get", "no method"), ("minute 10/1m brust=5", "no option"),
    ("minute 10/1m burst=5 burst=6", "twice"), ("minute burst=5 10/1m", "behind an option"),
  ])
  func aMalformedRuleIsNamed(text: String, problem: String) {
    let fault = fault { _ = try RateLimitRule(text) }
    #expect(fault?.plugin == "policy.rate_limit")
    #expect(fault?.setting == "rules")
    #expect(fault?.value == text)
    #expect(fault?.problem.contains(problem) == true, "\(fault?.problem ?? "none")")
    #expect(fault?.remedy.isEmpty == false)
  }

  @Test func otherFaults() {
    #expect(
      fault { _ = try self.policy("a 10/1m", "a 20/1m") }?.problem == "two rules have this name")
    #expect(fault { _ = try self.policy("key 10/1m", perKey: true) }?.value == "key")
    #expect(fault { _ = try self.policy("a 10/1m", entries: 0) }?.setting == "entries")
    for cost in ["", "/x", "/x 0", "/x -1", "POST", "get /x 5", "POST x 5", "POST /x y 5"] {
      #expect(
        fault { _ = try self.policy("a 100/1m burst=100", costs: [cost]) }?.setting == "costs",
        "\(cost)")
    }
  }
}
