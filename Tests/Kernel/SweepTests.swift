import CardeaLifecycle
import CardeaMemoryStore
import Testing

@Suite struct SweepTests {
  private static let day: Duration = .seconds(86_400)

  /// What was published of keys that expire.
  private func notices(_ rig: Rig) -> Collected<String> {
    let collected = Collected<String>()
    rig.kernel.signals.subscribe(KeyExpiring.self, id: "listener.test", .inline) {
      collected.append("\($0.key.name) \($0.days)")
    }
    rig.kernel.signals.subscribe(KeyExpired.self, id: "listener.test", .inline) {
      collected.append("\($0.key.name) expired")
    }
    return collected
  }

  @Test func everyThresholdIsAnnouncedOnce() async throws {
    let rig = try await Rig()
    let notices = notices(rig)
    _ = try await rig.key("a") { $0.expiry = .after(SweepTests.day * 90) }
    _ = try await rig.key("never") { $0.expiry = .never }
    // In steps of 12 hours until day 95, sweeping twice at each.
    var seen: [String] = []
    for half in 0...190 {
      try await rig.kernel.sweep()
      try await rig.kernel.sweep()
      let new = notices.all.dropFirst(seen.count)
      seen += new
      let expected: [Int: String] = [120: "a 30", 166: "a 7", 178: "a 1", 180: "a expired"]
      #expect(Array(new) == expected[half].map { [$0] } ?? [], "at half day \(half)")
      rig.clock.advance(SweepTests.day / 2)
    }
    #expect(seen == ["a 30", "a 7", "a 1", "a expired"])
  }

  @Test func whatWasMissedIsAnnouncedByItsMostUrgentThreshold() async throws {
    let rig = try await Rig()
    let notices = notices(rig)
    _ = try await rig.key("soon") { $0.expiry = .after(SweepTests.day * 40) }
    _ = try await rig.key("over") { $0.expiry = .after(SweepTests.day * 33) }
    rig.clock.advance(SweepTests.day * 35)
    #expect(try await rig.kernel.sweep() == report(expiring: 1, expired: 1))
    #expect(Set(notices.all) == ["soon 7", "over expired"])
    #expect(try await rig.kernel.sweep() == SweepReport())
  }

  @Test func aThresholdThatLayBehindWhenTheExpiryWasSetIsNobodysNews() async throws {
    let rig = try await Rig()
    let notices = notices(rig)
    let short = try await rig.key("short") { $0.expiry = .after(SweepTests.day * 5) }
    #expect(try await rig.kernel.sweep() == SweepReport())
    // A later expiry has its thresholds ahead again, also after the end.
    rig.clock.advance(SweepTests.day * 6)
    try await rig.kernel.sweep()
    var edit = KeyEdit()
    edit.expiry = .after(SweepTests.day * 8)
    _ = try await rig.kernel.updateKey(short.stored.key.id, edit, by: .host)
    rig.clock.advance(SweepTests.day)
    try await rig.kernel.sweep()
    rig.clock.advance(SweepTests.day * 7)
    try await rig.kernel.sweep()
    #expect(notices.all == ["short expired", "short 7", "short expired"])
  }

  @Test func theMomentOfExpiryIsExpired() async throws {
    let rig = try await Rig()
    let notices = notices(rig)
    _ = try await rig.key("k") { $0.expiry = .after(.seconds(10)) }
    rig.clock.advance(.milliseconds(9_999))
    try await rig.kernel.sweep()
    #expect(notices.all.isEmpty)
    rig.clock.advance(.milliseconds(1))
    try await rig.kernel.sweep()
    #expect(notices.all == ["k expired"])
  }

  @Test func ofSeveralNodesOneAnnounces() async throws {
    let store = MemoryStore()
    let clock = HandClock()
    let nodes = [
      try await Rig(store: store, clock: clock), try await Rig(store: store, clock: clock),
      try await Rig(store: store, clock: clock),
    ]
    for number in 0..<40 {
      _ = try await nodes[0].key("k\(number)") { $0.expiry = .after(SweepTests.day * 10) }
    }
    clock.advance(SweepTests.day * 4)
    for _ in 0..<2 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for node in nodes { group.addTask { try await node.kernel.sweep() } }
        try await group.waitForAll()
      }
      clock.advance(SweepTests.day * 7)
    }
    let log = store.log(after: 0, limit: 10_000)
    #expect(log.count { $0.signal == "key_expiring" } == 40)
    #expect(log.count { $0.signal == "key_expired" } == 40)
  }

  @Test func suspendedAndEndedKeysAreNotAnnounced() async throws {
    let rig = try await Rig()
    let notices = notices(rig)
    for (name, end) in [("s", "suspend"), ("r", "revoke"), ("p", "purge")] {
      let id = try await rig.key(name) { $0.expiry = .after(SweepTests.day * 10) }.stored.key.id
      switch end {
      case "suspend": _ = try await rig.kernel.suspendKey(id, by: .host)
      case "revoke": _ = try await rig.kernel.revokeKey(id, by: .host)
      default: _ = try await rig.kernel.purgeKey(id, by: .host)
      }
    }
    rig.clock.advance(SweepTests.day * 20)
    #expect(try await rig.kernel.sweep() == SweepReport())
    #expect(notices.all.isEmpty)
  }

  @Test func unusedKeysAreSuspendedOnlyIfAskedFor() async throws {
    let off = try await Rig()
    _ = try await off.key()
    off.clock.advance(SweepTests.day * 1_000)
    #expect(try await off.kernel.sweep().suspended == 0)

    let rig = try await Rig { $0.suspendUnused = SweepTests.day * 30 }
    let used = try await rig.key("used")
    let unused = try await rig.key("unused")
    let admin = try await rig.key("admin") { $0.scopes = [ScopeSet.admin] }
    rig.clock.advance(SweepTests.day * 20)
    #expect(await rig.verdict(used.token).identity != nil)
    rig.clock.advance(SweepTests.day * 10)
    // Gathered usage counts although nothing has written it yet.
    #expect(try await rig.kernel.sweep().suspended == 0, "not a moment before")
    rig.clock.advance(.seconds(3_600))
    #expect(try await rig.kernel.sweep().suspended == 1)
    #expect(await rig.verdict(unused.token).denial?.reason == .suspended)
    #expect(await rig.verdict(used.token).identity != nil)
    #expect(await rig.verdict(admin.token).identity != nil)

    // One that was given back is not taken away again at once.
    _ = try await rig.kernel.reactivateKey(unused.stored.key.id, by: .host)
    rig.clock.advance(SweepTests.day * 29)
    #expect(try await rig.kernel.sweep().suspended == 0)
    rig.clock.advance(SweepTests.day * 2)
    #expect(try await rig.kernel.sweep().suspended == 2)
  }

  /// A use that could not be written is kept, and until it is written nobody goes by what the store knows of uses.
  @Test func whatCouldNotBeWrittenCountsAsUse() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store) { $0.suspendUnused = SweepTests.day * 30 }
    let key = try await rig.key()
    var query = KeyQuery(now: rig.clock.now())
    func isListed() async throws -> Bool {
      query.unusedBefore = rig.clock.now().adding(.zero - SweepTests.day * 30)
      return try await !rig.kernel.keys(query).items.isEmpty
    }
    rig.clock.advance(SweepTests.day * 29)
    #expect(await rig.verdict(key.token).identity != nil)
    store.losesUsage = true
    #expect(await !rig.kernel.flushUsage())
    rig.clock.advance(SweepTests.day * 2)
    #expect(try await rig.kernel.sweep().suspended == 0)
    await #expect(throws: LifecycleError.self) { _ = try await isListed() }
    store.losesUsage = false
    #expect(try await rig.kernel.sweep().suspended == 0)
    #expect(try await !isListed())
    rig.clock.advance(SweepTests.day * 30)
    #expect(try await isListed())
    #expect(try await rig.kernel.sweep().suspended == 1)
  }

  /// Whoever asks while another writes waits for it.
  @Test func flushesTakeTurns() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let key = try await rig.key()
    #expect(await rig.verdict(key.token).identity != nil)
    let gate = AsyncStream<Void>.makeStream()
    store.holdUsage { for await _ in gate.stream {} }
    let first = Task { await rig.kernel.flushUsage() }
    while store.heldUsages == 0 { await Task.yield() }
    let isOver = Locked(false)
    let second = Task {
      _ = await rig.kernel.flushUsage()
      isOver.withLock { $0 = true }
    }
    for _ in 0..<1_000 { await Task.yield() }
    #expect(!isOver.withLock { $0 })
    gate.continuation.finish()
    #expect(await first.value)
    await second.value
    #expect(store.usage.count == 1)
  }

  @Test func aSweepThatFindsNothingReadsAndWritesNothingMore() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    for _ in 0..<20 { _ = try await rig.key { $0.expiry = .after(SweepTests.day * 365) } }
    let writes = store.writes
    try await rig.kernel.sweep()
    #expect(store.writes == writes)
  }

  private func report(expiring: Int = 0, expired: Int = 0, suspended: Int = 0) -> SweepReport {
    var report = SweepReport()
    report.expiring = expiring
    report.expired = expired
    report.suspended = suspended
    return report
  }
}
