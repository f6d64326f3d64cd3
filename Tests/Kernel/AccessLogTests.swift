import CardeaLifecycle
import CardeaMemoryStore
import CardeaSodium
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How authentications get from a sink into the store's access log.
@Suite struct AccessLogTests {
  private struct Refusal: Error {}

  /// Records in memory, as a disk would: later.
  private final class SlowSink: AsyncAuditSink {
    let id = "audit.slow"
    let events = Collected<AccessEvent>()
    let fails = Locked(false)

    func record(_ event: AccessEvent) async throws {
      await Task.yield()
      if fails.withLock({ $0 }) { throw Refusal() }
      events.append(event)
    }
  }

  @Test func noVerdictIsGivenBeforeAnAsyncSinkHasRecorded() async throws {
    let sink = SlowSink()
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(sink)
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    #expect(rig.warmVerdict(issued.token) == nil, "it would have to wait")
    _ = await rig.kernel.authenticate(Call([]))
    #expect(sink.events.all.map(\.reason) == [nil, .missing])
    #expect(sink.events.all.map(\.status) == [200, 401])
  }

  @Test func anAsyncSinkThatFailsDenies() async throws {
    let sink = SlowSink()
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(sink)
    }
    let issued = try await rig.key()
    sink.fails.withLock { $0 = true }
    let denial = await rig.verdict(issued.token).denial
    #expect(denial?.reason == .auditUnavailable && denial?.category == .unavailable)
  }

  /// `audit.on_failure: allow`, loudly; and never an allow for what would have been denied.
  @Test func theAuditMayFailOpenIfAnOperatorSaysSo() async throws {
    let sink = SlowSink()
    let rig = try await Rig {
      $0.auditOnFailure = .allow
    } plugins: {
      $0.use(sink)
    }
    let alarms = Collected<String>()
    rig.kernel.signals.subscribe(
      ListenerFailed.self, id: "t", .queue(bound: 10, overflow: .dropNewest)
    ) { alarms.append($0.listener) }
    let issued = try await rig.key()
    sink.fails.withLock { $0 = true }
    #expect(await rig.verdict(issued.token).identity != nil)
    #expect(await rig.kernel.authenticate(Call([])).denial?.reason == .missing)
    await rig.kernel.drain()
    #expect(alarms.all == ["audit.slow", "audit.slow"])
  }

  private struct Unopenable: AuditSink {
    let id = "audit.unopenable"
    func open() throws(ConfigurationFault) {
      throw ConfigurationFault(
        plugin: id, setting: "audit.unopenable", problem: "no", remedy: "None.")
    }
    func record(_ events: [AccessEvent]) {}
  }

  @Test func aSinkThatCanNotBeOpenedKeepsTheKernelFromStarting() async throws {
    await #expect(throws: ConfigurationFault.self) {
      _ = try await Rig { _ in
      } plugins: {
        $0.use(Unopenable())
      }
    }
  }

  // MARK: The drain

  /// A source whose records are given.
  private final class Spool: AuditSink, AccessSpool, AccessSource {
    let id = "audit.spooled"
    let node = "n"
    let kept: Locked<[SpooledAccess]>

    init(_ records: [SpooledAccess]) { kept = Locked(records) }

    var sources: [any AccessSource] { [self] }
    var waiting: Int { kept.withLock { $0.count } }
    func record(_ events: [AccessEvent]) {}
    func resume(after sequence: Int64) {}
    func records(after sequence: Int64, details: Int, limit: Int) -> [SpooledAccess] {
      Array(kept.withLock { $0 }.filter { $0.sequence > sequence }.prefix(min(details, limit)))
    }
    func discard(through sequence: Int64) {
      kept.withLock { $0.removeAll { $0.sequence <= sequence } }
    }
  }

  private func record(
    _ sequence: Int64, isFolded: Bool = false, reason: Denial.Reason? = nil, address: String = "a"
  ) -> SpooledAccess {
    let event = AccessEvent(
      at: Timestamp(milliseconds: 1_795_219_200_000 + sequence), reason: reason, keyID: nil,
      prefix: "tok_a", owner: nil,
      request: RequestFacts(
        method: "GET", path: "/", clientAddress: address, requestID: "r\(sequence)"))
    return SpooledAccess(
      sequence: sequence,
      draft: isFolded ? AccessDraft(folding: event) : AccessDraft(event), isFolded: isFolded)
  }

  @Test func everyRecordIsMovedOnceAlthoughAnswersAreLost() async throws {
    let store = FlakyLogStore()
    let spool = Spool((1...2_500).map { record($0) })
    let rig = try await Rig(store: store) { _ in
    } plugins: {
      $0.use(spool)
    }
    // The first batch arrives, but its answer does not; the second does not arrive.
    store.plan([.losesAnswer, .losesBatch])
    for _ in 0..<3 { await rig.kernel.drainAccessLog() }
    let entries = store.base.accessLog(node: "n", after: 0, limit: 9_999)
    #expect(entries.count == 2_500)
    #expect(Set(entries.compactMap { $0.payload }).count == 2_500)
    #expect(spool.kept.withLock { $0.isEmpty })
    #expect(store.base.accessHead(node: "n").sequence == 2_500)
    #expect(try await rig.kernel.verifyAudit().isIntact)
  }

  /// A caller that finds a round under way neither holds it up nor is forgotten.
  @Test(.timeLimit(.minutes(2))) func manyWhoAskAtOnceAreAllServed() async throws {
    let store = MemoryStore()
    let spool = Spool((1...5_000).map { record($0) })
    let rig = try await Rig(store: store) { _ in
    } plugins: {
      $0.use(spool)
    }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<200 { group.addTask { await rig.kernel.drainAccessLog() } }
    }
    #expect(store.accessLog(node: "n", after: 0, limit: 9_999).count == 5_000)
    #expect(spool.kept.withLock { $0.isEmpty })
  }

  /// The oldest entries of a store with a bound go, and what is left verifies: before a checkpoint and after.
  @Test func whatABoundedStoreLetsGoOfIsNoFault() async throws {
    let store = MemoryStore(accessEntries: 100)
    let spool = Spool((1...2_500).map { record($0) })
    let rig = try await Rig(store: store) { _ in
    } plugins: {
      $0.use(spool)
    }
    _ = try await rig.kernel.checkpointAudit(.periodic)
    await rig.kernel.drainAccessLog()
    var report = try await rig.kernel.verifyAudit()
    #expect(report.faults.isEmpty)
    let chain = try #require(report.chains.first { $0.log == "access" })
    #expect(chain.entries == 100 && chain.pruned == 2_400 && chain.position == 2_500)
    _ = try await rig.kernel.checkpointAudit(.periodic)
    spool.kept.withLock { $0 = (2_501...2_550).map { record($0) } }
    await rig.kernel.drainAccessLog()
    report = try await rig.kernel.verifyAudit()
    #expect(report.faults.isEmpty)
    #expect(report.chains.contains { $0.pruned == 2_450 && $0.entries == 100 })
  }

  /// C1 across a restart: nothing was changed since, only refused, and the clock was set back meanwhile.
  @Test(arguments: [("n", true), ("import:elsewhere", false)])
  func whatWasRefusedAsExpiredStaysSo(_ node: String, _ counts: Bool) async throws {
    let store = MemoryStore()
    let before = try await Rig(store: store)
    let start = before.clock.now()
    let issued = try await before.key { $0.expiry = .after(.seconds(60)) }
    before.clock.advance(.seconds(61))
    #expect(await before.verdict(issued.token).denial?.reason == .expired)
    let draft = AccessDraft(
      action: AuthenticationFailed.name, at: before.clock.now(), reason: "expired", status: 401,
      payload: AccessPayload().json)
    _ = try store.append(
      AccessBatch(
        node: node, after: 0, through: 1, drafts: [draft], primitives: before.kernel.primitives))
    await before.kernel.shutdown()

    let after = try await Rig(store: store, clock: HandClock(start))
    // Rows of another system say nothing of this one's time.
    let reason = await after.verdict(issued.token).denial?.reason
    #expect(reason == (counts ? .expired : nil))
  }

  /// A policy's code is in the record, for whoever reads why; the client is told no more than before.
  @Test func theRecordNamesThePolicyThatDenied() async throws {
    let sink = SlowSink()
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(sink)
      $0.use(policy: "policy.office", at: .afterVerification) { _ in
        .deny(PolicyDenial(code: "closed"))
      }
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).denial?.reason == .policyDenied)
    #expect(sink.events.all.map(\.policy) == ["closed"])
    let payload = AccessPayload(try #require(sink.events.all.first)).json
    #expect(String(decoding: payload, as: UTF8.self).contains(#""policy":"closed""#))
  }

  @Test func whatIsMissingInASpoolIsCountedAsLost() async throws {
    let store = MemoryStore()
    let spool = Spool([record(1), record(2)])
    let rig = try await Rig(store: store) { _ in
    } plugins: {
      $0.use(spool)
    }
    await rig.kernel.drainAccessLog()
    spool.kept.withLock { $0 = [record(7)] }
    await rig.kernel.drainAccessLog()
    let entries = store.accessLog(node: "n", after: 0, limit: 99)
    #expect(
      entries.map(\.action) == [
        "user_logged_in", "user_logged_in", "access_entries_lost", "user_logged_in",
      ])
    #expect(entries.reduce(0) { $0 + $1.count } == 7)
  }

  /// F6: a flood takes a few entries, and rows and counts are every attempt.
  @Test func aFloodBecomesAFewEntriesThatCountItAll() async throws {
    let store = MemoryStore()
    let spool = Spool(
      (1...60_000).map { number in
        // From ever more addresses than there is room for.
        record(
          number, isFolded: number % 100 != 0, reason: number % 100 == 0 ? nil : .unknown,
          address: "192.0.2.\(number % 97)")
      })
    let rig = try await Rig(store: store) { _ in
    } plugins: {
      $0.use(spool)
    }
    await rig.kernel.drainAccessLog()
    let entries = store.accessLog(node: "n", after: 0, limit: 99_999)
    #expect(entries.reduce(0) { $0 + $1.count } == 60_000)
    let allowed = entries.filter { $0.reason == nil }
    #expect(allowed.count == 600 && allowed.allSatisfy { $0.count == 1 })
    // Each batch of the spool above is of 1,000 records.
    #expect(entries.count - allowed.count <= 60 * 17)
    let pooled = try #require(entries.last { $0.reason == "unknown" && $0.count > 100 }?.payload)
    #expect(String(decoding: pooled, as: UTF8.self).hasPrefix(#"{"since":"2026-"#))
  }
}

/// A memory store whose access log loses answers and batches as it is told to, and which changes while it is read.
final class FlakyLogStore: AccessLogStore {
  enum Fate: Sendable { case losesAnswer, losesBatch }
  enum Reading: CaseIterable, Sendable { case checkpoints, signals, base, access }

  private struct Meddling: Sendable {
    let reading: Reading
    var call: Int
    let body: @Sendable () async -> Void
  }

  let base = MemoryStore()
  private let fates = Locked<[Fate]>([])
  private let meddling = Locked<Meddling?>(nil)
  private let hidden = Locked<UUID?>(nil)
  var id: String { base.id }

  func plan(_ fates: [Fate]) { self.fates.withLock { $0 = fates } }

  /// Has `body` done just before that call for such a reading, counted from 1.
  func meddle(at reading: Reading, call: Int = 1, _ body: @escaping @Sendable () async -> Void) {
    meddling.withLock { $0 = Meddling(reading: reading, call: call, body: body) }
  }

  /// From here on no access entry of that key has a payload.
  func hidePayloads(of keyID: UUID) { hidden.withLock { $0 = keyID } }

  private func begin(_ reading: Reading) async {
    let due = meddling.withLock { meddling -> Meddling? in
      guard meddling?.reading == reading else { return nil }
      meddling?.call -= 1
      guard meddling?.call == 0 else { return nil }
      defer { meddling = nil }
      return meddling
    }
    await due?.body()
  }

  func append(_ batch: AccessBatch) async throws(StoreError) -> AccessHead {
    let fate = fates.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    if fate == .losesBatch { throw .unavailable("told to") }
    let head = try base.append(batch)
    if fate == .losesAnswer { throw .unavailable("told to") }
    return head
  }

  func open() {}
  func close() {}
  func find(prefix: String) -> StoredKey? { base.find(prefix: prefix) }
  func find(id: UUID) -> StoredKey? { base.find(id: id) }
  func keys(_ query: KeyQuery) -> Page<StoredKey> { base.keys(query) }
  func owner(id: UUID) -> OwnerRecord? { base.owner(id: id) }
  func owner(kind: OwnerRecord.Kind, name: String) -> OwnerRecord? {
    base.owner(kind: kind, name: name)
  }
  func owners(_ query: OwnerQuery) -> Page<OwnerRecord> { base.owners(query) }
  func commit(_ change: StoreChange) throws(StoreError) -> Int64 { try base.commit(change) }
  func record(_ usage: [KeyUsage]) { base.record(usage) }
  func idempotency(actor: String, key: String) -> IdempotencyRecord? {
    base.idempotency(actor: actor, key: key)
  }
  func log(after position: Int64, limit: Int) async -> [LogEntry] {
    await begin(.signals)
    return base.log(after: position, limit: limit)
  }
  func logHead() -> LogHead { base.logHead() }
  func accessHead(node: String) async -> AccessHead {
    await begin(.base)
    return base.accessHead(node: node)
  }
  func accessHeads() -> [AccessHead] { base.accessHeads() }
  func accessLog(node: String, after position: Int64, limit: Int) async -> [AccessEntry] {
    await begin(.access)
    let hidden = hidden.withLock { $0 }
    return base.accessLog(node: node, after: position, limit: limit).map {
      hidden != nil && $0.keyID == hidden ? $0.erased : $0
    }
  }
  func accessEntries(_ filter: LogFilter) -> [Numbered<AccessEntry>] { base.accessEntries(filter) }
  func signalEntries(_ filter: LogFilter) -> [Numbered<LogEntry>] { base.signalEntries(filter) }
  func prunable(before cutoff: Timestamp) -> PrunePlan { base.prunable(before: cutoff) }
  func pruneAccess(node: String, through position: Int64, limit: Int) -> Int {
    base.pruneAccess(node: node, through: position, limit: limit)
  }
  func pruneSignals(through position: Int64, limit: Int) -> Int {
    base.pruneSignals(through: position, limit: limit)
  }
  func checkpoint(
    _ draft: @escaping @Sendable (Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) -> Checkpoint? { base.checkpoint(draft) }
  func checkpoints(after number: Int64, limit: Int) async -> [Checkpoint] {
    await begin(.checkpoints)
    return base.checkpoints(after: number, limit: limit)
  }
}
