import CardeaLifecycle
import CardeaMemoryStore
import CardeaPluginTestKit
import Testing

@Suite struct FaultyAccessLogTests {
  @Test(arguments: FaultyAccessLog.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyAccessLog.Fault) async {
    #expect(await broken(.accessLog) { FaultyAccessLog(fault: fault) } == fault.breaks)
  }

  @Test func aStoreWithoutAnAccessLogIsFound() async {
    #expect(await brokenWithout(.accessLog) == 11)
  }

  /// The same storage again, as it was or with something lost.
  @Test(arguments: [true, false]) func oneThatForgetsIsFound(loses: Bool) async {
    let promises = StorePromises(powers: [.persists, .accessLog]) {
      let log = FaultyAccessLog(fault: .startsNumbersAgain)
      let fault = loses ? FaultyAccessLog.Fault.losesPayloads : .startsNumbersAgain
      return StoreUnderTest(log, again: { FaultyAccessLog(fault: fault, log.base) })
    }.all.filter { $0.name == "keeps everything when it is closed and opened again" }
    #expect(promises.count == 1)
    #expect(await broken(promises).isEmpty == !loses)
  }
}

/// The memory store, with one thing wrong about its access log.
final class FaultyAccessLog: AccessLogStore, MemoryBacked {
  enum Fault: PlantedFault {
    case losesPayloads, answersConflictsWithTheHead, mixesNodes, ignoresConditions, ignoresPages
    case keepsPayloads, keepsLatePayloads, prunesTheYoung, prunesWithoutLimit, keepsItsBase
    case prunesSignalsWithoutLimit, startsNumbersAgain, forgetsCheckpoints, statesOldHeads

    var breaks: Set<String> {
      let fields = "appends a batch to its node's chain, every field"
      let once = "takes a batch once, and refuses one that follows another sequence"
      let race = "takes a batch once when several append it at once"
      let apart = "keeps each node's chain apart, from 1 without gaps"
      let lists = "lists entries by every condition, either way"
      let signals = "lists signals by every condition, either way"
      let erases = "erases the access entries of a purged key, also those that come late"
      let prunes = "prunes the oldest entries of a node, and begins after them"
      let numbers = "never gives a number twice, though everything was pruned"
      let payloads = "prunes payloads of the signal log, and keeps its chain verifiable"
      let checkpoints = "keeps checkpoints, each made of the last one and the heads"
      return switch self {
      case .losesPayloads: [fields, erases]
      case .answersConflictsWithTheHead: [once, race]
      case .mixesNodes: [apart]
      case .ignoresConditions, .ignoresPages: [lists, signals]
      case .keepsPayloads:
        [
          erases, "erases the log of a purged key, and keeps the chain verifiable",
          "forgets the idempotency keys of a key that is purged",
        ]
      case .keepsLatePayloads: [erases]
      case .prunesTheYoung: [prunes, payloads]
      case .prunesWithoutLimit, .keepsItsBase: [prunes]
      case .prunesSignalsWithoutLimit: [payloads]
      case .startsNumbersAgain: [numbers]
      case .forgetsCheckpoints, .statesOldHeads: [checkpoints]
      }
    }
  }

  let fault: Fault
  let base: MemoryStore
  /// Entries as they came, by node and position.
  private let whole = Locked<[String: AccessEntry]>([:])

  init(fault: Fault, _ base: MemoryStore = MemoryStore()) {
    self.fault = fault
    self.base = base
  }

  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    var change = change
    if change.erasesLogOf != nil {
      whole.withLock { $0 = [:] }
      if fault == .keepsPayloads { change.erasesLogOf = nil }
    }
    return try base.commit(change)
  }

  func append(_ batch: AccessBatch) async throws(StoreError) -> AccessHead {
    let (entries, _) = batch.entries(after: base.accessHead(node: batch.node))
    do {
      let head = try base.append(batch)
      whole.withLock { whole in for entry in entries { whole[place(entry)] = entry } }
      return head
    } catch {
      guard fault == .answersConflictsWithTheHead else { throw error }
      return base.accessHead(node: batch.node)
    }
  }

  private func place(_ entry: AccessEntry) -> String { "\(entry.node) \(entry.position)" }

  func accessHead(node: String) async throws(StoreError) -> AccessHead { head(node) }
  func accessHeads() async throws(StoreError) -> [AccessHead] {
    base.accessHeads().map { head($0.node) }
  }

  private func head(_ node: String) -> AccessHead {
    var head = base.accessHead(node: node)
    if fault == .keepsItsBase {
      head.basePosition = 0
      head.baseHash = .zero
    }
    return head
  }

  func accessLog(
    node: String, after position: Int64, limit: Int
  ) async throws(StoreError) -> [AccessEntry] {
    let nodes = fault == .mixesNodes ? base.accessHeads().map(\.node) : [node]
    return nodes.flatMap { base.accessLog(node: $0, after: position, limit: limit) }.map { entry in
      switch fault {
      case .losesPayloads: entry.erased
      case .keepsLatePayloads: whole.withLock { $0[place(entry)] } ?? entry
      default: entry
      }
    }
  }

  private func altered(_ filter: LogFilter) -> LogFilter {
    var altered = filter
    if fault == .ignoresConditions {
      altered = LogFilter(limit: filter.limit)
      (altered.after, altered.before) = (filter.after, filter.before)
      altered.newestFirst = filter.newestFirst
    }
    if fault == .ignoresPages { (altered.after, altered.before) = (nil, nil) }
    return altered
  }

  func accessEntries(
    _ filter: LogFilter
  ) async throws(StoreError) -> [Numbered<AccessEntry>] {
    let entries = base.accessEntries(altered(filter))
    switch fault {
    case .losesPayloads:
      return entries.map { Numbered(number: $0.number, entry: $0.entry.erased) }
    case .startsNumbersAgain:
      var everything = LogFilter(limit: 1_000)
      everything.newestFirst = false
      let gone = (base.accessEntries(everything).first?.number ?? 1) - 1
      return entries.map { Numbered(number: $0.number - gone, entry: $0.entry) }
    default: return entries
    }
  }

  func signalEntries(_ filter: LogFilter) async throws(StoreError) -> [Numbered<LogEntry>] {
    base.signalEntries(altered(filter))
  }

  func prunable(before cutoff: Timestamp) async throws(StoreError) -> PrunePlan {
    base.prunable(before: fault == .prunesTheYoung ? .latest : cutoff)
  }

  func pruneAccess(
    node: String, through position: Int64, limit: Int
  ) async throws(StoreError) -> Int {
    base.pruneAccess(
      node: node, through: position, limit: fault == .prunesWithoutLimit ? .max : limit)
  }

  func pruneSignals(through position: Int64, limit: Int) async throws(StoreError) -> Int {
    base.pruneSignals(
      through: position, limit: fault == .prunesSignalsWithoutLimit ? .max : limit)
  }

  func checkpoint(
    _ draft: @escaping @Sendable (_ last: Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) async throws(StoreError) -> Checkpoint? {
    base.checkpoint { [fault] last, heads in
      draft(
        fault == .forgetsCheckpoints ? nil : last,
        fault == .statesOldHeads ? CheckpointHeads(signals: .empty, nodes: []) : heads)
    }
  }

  func checkpoints(after number: Int64, limit: Int) async throws(StoreError) -> [Checkpoint] {
    base.checkpoints(after: number, limit: limit)
  }
}
