import CardeaLifecycle
import CardeaMemoryStore
import CardeaPluginTestKit
import Testing

@Suite struct FaultyUsageTests {
  @Test(arguments: FaultyUsage.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyUsage.Fault) async {
    #expect(await broken(.usage) { FaultyUsage(fault: fault) } == fault.breaks)
  }

  @Test func aStoreThatDoesNotCountIsFound() async {
    #expect(await brokenWithout(.usage) == 3)
  }
}

/// The memory store, with one thing wrong about what it counts.
struct FaultyUsage: UsageCountingStore, MemoryBacked {
  enum Fault: PlantedFault {
    case ignoresTime, includesTheEnd, losesOtherPaths, tellsEveryPathApart, remembersPaths

    var breaks: Set<String> {
      let counts = "counts the entries of a key in a range of time, each as often as it says"
      let paths = "tells the paths with the highest counts apart, and adds the others up"
      let purged = "knows no path any more of a key that was purged, and nothing that was pruned"
      return switch self {
      case .ignoresTime, .includesTheEnd: [counts]
      case .losesOtherPaths, .tellsEveryPathApart: [paths]
      case .remembersPaths: [paths, purged]
      }
    }
  }

  let fault: Fault
  let base = MemoryStore()

  func usage(_ query: UsageQuery) async throws(StoreError) -> UsageCounts {
    var query = query
    switch fault {
    case .ignoresTime: (query.since, query.until) = (.earliest, .latest)
    case .includesTheEnd: query.until = Timestamp(milliseconds: query.until.milliseconds + 1)
    case .tellsEveryPathApart: query.mostPaths = .max
    case .losesOtherPaths, .remembersPaths: break
    }
    let counts = base.usage(query)
    guard fault == .losesOtherPaths || fault == .remembersPaths else { return counts }
    var altered = UsageCounts(mostPaths: query.mostPaths)
    for day in counts.days {
      for (verdict, count) in day.verdicts { altered.add(count, reason(verdict), day: day.start) }
    }
    for path in counts.paths {
      for (verdict, count) in path.verdicts {
        let name = fault == .remembersPaths ? path.path ?? "/orders" : path.path
        altered.add(count, reason(verdict), path: name)
      }
    }
    altered.finish()
    return altered
  }

  private func reason(_ verdict: String) -> String? {
    verdict == UsageCounts.allowed ? nil : verdict
  }

  func append(_ batch: AccessBatch) async throws(StoreError) -> AccessHead {
    try base.append(batch)
  }
  func accessHead(node: String) async throws(StoreError) -> AccessHead {
    base.accessHead(node: node)
  }
  func accessHeads() async throws(StoreError) -> [AccessHead] { base.accessHeads() }
  func accessLog(
    node: String, after position: Int64, limit: Int
  ) async throws(StoreError) -> [AccessEntry] {
    base.accessLog(node: node, after: position, limit: limit)
  }
  func accessEntries(
    _ filter: LogFilter
  ) async throws(StoreError) -> [Numbered<AccessEntry>] { base.accessEntries(filter) }
  func signalEntries(_ filter: LogFilter) async throws(StoreError) -> [Numbered<LogEntry>] {
    base.signalEntries(filter)
  }
  func prunable(before cutoff: Timestamp) async throws(StoreError) -> PrunePlan {
    base.prunable(before: cutoff)
  }
  func pruneAccess(
    node: String, through position: Int64, limit: Int
  ) async throws(StoreError) -> Int {
    base.pruneAccess(node: node, through: position, limit: limit)
  }
  func pruneSignals(through position: Int64, limit: Int) async throws(StoreError) -> Int {
    base.pruneSignals(through: position, limit: limit)
  }
  func checkpoint(
    _ draft: @escaping @Sendable (_ last: Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) async throws(StoreError) -> Checkpoint? { base.checkpoint(draft) }
  func checkpoints(after number: Int64, limit: Int) async throws(StoreError) -> [Checkpoint] {
    base.checkpoints(after: number, limit: limit)
  }
}
