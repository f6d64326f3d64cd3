import CardeaContracts
import CardeaPluginTestKit
import Testing

@testable import CardeaPolicies

@Suite("the quota that refills")
struct RefillingQuotaPolicyTests {
  private func policy(
    _ rules: String..., perKey: Bool = false
  ) throws -> RefillingQuotaPolicy {
    try RefillingQuotaPolicy(try rules.map { try QuotaRule($0) }, perKey: perKey)
  }

  private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

  @Test func theCountIsExactAndRefillsAtMidnightUTC() throws {
    let policy = try policy("calls 5 daily")
    let evening = try time("2026-11-21T23:59:59.999Z")
    let lefts = try (0..<5).flatMap { _ in
      try policy.evaluate(context(at: evening)).limits.map(\.remaining)
    }
    #expect(lefts == [4, 3, 2, 1, 0])
    let denial = try #require(try policy.evaluate(context(at: evening)).denial)
    #expect(denial.status == .tooManyRequests)
    #expect(denial.code == "quota")
    #expect(denial.retryAfter == .milliseconds(1))
    let limit = try #require(denial.limits.first)
    #expect(
      limit
        == LimitState(
          name: "calls", quota: 5, window: .seconds(86_400), remaining: 0,
          resetsAfter: .milliseconds(1)))
    let midnight = try time("2026-11-22T00:00:00Z")
    #expect(try policy.evaluate(context(at: midnight)).limits.map(\.remaining) == [4])
  }

  @Test func manyThreadsTogetherGetTheQuota() async throws {
    let policy = try policy("calls 700 daily", "few 500 monthly")
    let passed = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<500).count { _ in (try? policy.evaluate(context()).passes) ?? false }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(passed == 500)
    #expect(try policy.evaluate(context()).limits.map(\.remaining) == [200, 0])
  }

  @Test func keysOwnersAndRoutes() throws {
    let policy = try policy("own 3 daily", "writes 1 daily method=POST path=/orders")
    #expect(try policy.evaluate(context(method: "POST")).passes)
    #expect(try !policy.evaluate(context(method: "POST", path: "/orders/2")).passes)
    #expect(
      try policy.evaluate(context()).limits.map(\.remaining) == [1], "the denied cost nothing")
    #expect(try policy.evaluate(context(.sample(2))).limits.map(\.remaining) == [2])
    #expect(try policy.evaluate(context(method: "POST", path: "")).denial?.code == "unknown_route")
  }

  @Test func aKeysOwnQuotaComesFromItsMetadata() throws {
    let policy = try policy(perKey: true)
    let key = Identity.sample(1, metadata: ["quota": .string("2 monthly")])
    #expect(try (0..<5).count { _ in try policy.evaluate(context(key)).passes } == 2)
    #expect(try policy.evaluate(context(.sample(2))) == .pass)
    for text in ["", "2", "2 hourly", "x daily", "0 daily", "2 daily by=owner"] {
      #expect(throws: MetadataFault.self) { try policy.check(metadata: ["quota": .string(text)]) }
    }
    #expect(throws: Never.self) { try policy.check(metadata: ["quota": .string("5 0 6 1 * *")]) }
  }

  @Test func anEditOfALimitLocksNobodyOut() throws {
    let policy = try policy(perKey: true)
    func passing(_ quota: String) throws -> Int {
      let key = Identity.sample(1, metadata: ["quota": .string(quota)])
      return try (0..<20).count { _ in try policy.evaluate(context(key)).passes }
    }
    #expect(try passing("5 0 0 15 * *") == 5)
    #expect(try passing("8 daily") == 8)
    #expect(try passing("5 0 6 * * *") == 5)
    // What was used until one refill stays used until then.
    #expect(try passing("10 daily") == 2)
    #expect(try passing("3 daily") == 0)
    #expect(try passing("5 0 0 15 * *") == 0)
  }

  @Test func aRehearsalTellsWithoutCounting() throws {
    let policy = try policy("calls 1 daily")
    for _ in 0..<5 { #expect(try policy.evaluate(context(isRehearsal: true)).passes) }
    #expect(try policy.evaluate(context()).passes)
    #expect(try !policy.evaluate(context(isRehearsal: true)).passes)
  }

  @Test(arguments: [
    ("daily", "2026-11-21T12:00:00Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
    ("monthly", "2026-11-21T12:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
    ("monthly", "2026-12-31T23:59:59.999Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ("monthly", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"),
    ("monthly", "2028-02-29T08:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
    ("0 6 * * *", "2026-11-21T05:59:59Z", "2026-11-20T06:00:00Z", "2026-11-21T06:00:00Z"),
    ("0 6 * * *", "2026-11-21T06:00:00Z", "2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z"),
    ("30 0 15 * *", "2026-11-15T00:29:00Z", "2026-10-15T00:30:00Z", "2026-11-15T00:30:00Z"),
    ("30 0 15 * *", "2026-01-14T12:00:00Z", "2025-12-15T00:30:00Z", "2026-01-15T00:30:00Z"),
    ("59 23 28 * *", "2027-03-01T00:00:00Z", "2027-02-28T23:59:00Z", "2027-03-28T23:59:00Z"),
    ("daily", "1969-12-31T12:00:00Z", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"),
    ("monthly", "9999-12-31T12:00:00Z", "9999-12-01T00:00:00Z", "9999-12-31T23:59:59.999Z"),
  ])
  func periods(refill: String, at: String, start: String, end: String) throws {
    let period = try #require(RefillSchedule(refill)).period(at: try time(at))
    #expect(period.start == (try time(start)))
    #expect(period.end == (try time(end)))
  }

  /// Every moment of some years lies in its period, and periods follow each other without a gap.
  @Test(arguments: ["daily", "monthly", "17 5 * * *", "45 23 28 * *"])
  func periodsTileTime(refill: String) throws {
    let schedule = try #require(RefillSchedule(refill))
    var moment = try time("2023-12-30T00:00:00Z")
    let last = try time("2028-03-02T00:00:00Z")
    while moment < last {
      let period = schedule.period(at: moment)
      #expect(period.start <= moment && moment < period.end)
      #expect(schedule.period(at: period.end).start == period.end)
      #expect(
        schedule.period(at: Timestamp(milliseconds: period.end.milliseconds - 1)) == period)
      moment = Timestamp(milliseconds: moment.milliseconds + 7 * 3_600_000)
    }
  }

  @Test(arguments: [
    "", "hourly", "Daily", "0 0 * *", "60 0 * * *", "0 24 * * *", "0 0 0 * *", "0 0 29 * *",
    "0 0 31 * *", "* 0 * * *", "0 * * * *", "0 0 * 1 *", "0 0 * * 1", "*/5 0 * * *", "00 0 * * *",
    "-1 0 * * *", "0 0 1-5 * *", "@daily", "0 0 * * * *",
  ])
  func otherTextIsNoRefill(text: String) {
    #expect(RefillSchedule(text) == nil)
    let fault = fault { _ = try QuotaRule("calls 5 \(text)") }
    #expect(fault?.plugin == "policy.quota")
    #expect(fault?.setting == "rules")
    #expect(fault?.remedy.contains("daily") == true)
  }

  @Test func otherFaults() {
    for text in [
      "", "calls", "calls 0 daily", "calls 1000000001 daily", "calls x daily", "é 5 daily",
    ] {
      #expect(fault { _ = try QuotaRule(text) }?.value == text)
    }
    #expect(
      fault { _ = try self.policy("a 1 daily", "a 2 daily") }?.problem
        == "two rules have this name")
    #expect(fault { _ = try RefillingQuotaPolicy([], entries: -1) }?.setting == "entries")
  }
}

private func == (
  left: (start: Timestamp, end: Timestamp), right: (start: Timestamp, end: Timestamp)
) -> Bool { left.start == right.start && left.end == right.end }
