import BenchSupport
import Cardea
import CardeaSQLite
import Foundation

/// What whoever runs Cardea waits for as its logs grow, in SQLite; what concerns a key is asked of any.
enum LogBenchmarks {
  /// A page, and one entry that tells whether there is another.
  private static let page = 101
  /// Entries that are moved to the access log in one transaction.
  private static let batch = 1_000

  static func chart(sizes: [Int]) async throws -> Chart {
    try SimulatedLog.ensureRoom(for: sizes.reduce(0, +))
    let folder = try Folder("log")
    defer { folder.remove() }
    let primitives = try SodiumPrimitives()
    print("\nLogs")
    // The largest first, so that the others are in memory afterwards, as they would be in use.
    var logs: [SimulatedLog] = []
    for size in sizes.sorted(by: >) {
      logs.append(try await SimulatedLog(entries: size, in: folder, primitives))
    }
    logs.reverse()

    let reading = [
      try await series("poll that finds a change", logs, operations: 2_000) { log in
        let found = try log.store.poll(after: Int64(log.changes) - 1, limit: page)
        if found.count != 1 { throw incomplete }
      },
      try await series("newest page", logs, operations: 100) { log in
        try await read(LogFilter(limit: page), log)
      },
      try await series("a key's newest page", logs, operations: 100) { log in
        var filter = LogFilter(limit: page)
        filter.keyID = log.anyKey().id
        try await read(filter, log)
      },
      try await series("a key's usage of 30 days", logs, operations: 100) { log in
        let now = SystemClock().now()
        let month = UsageQuery(
          keyID: log.anyKey().id,
          since: Timestamp(milliseconds: now.milliseconds - 30 * 86_400_000), until: now,
          mostPaths: 20)
        if try await log.store.usage(month).days.isEmpty { throw incomplete }
      },
    ]
    // Last what makes the logs longer, which is not much but for the shortest.
    let writing = [
      try await series("changing a key", logs, operations: 20) { log in
        try await SimulatedLog.suspendOrReactivate(
          log.anyKey(), at: SystemClock().now(), in: log.store, primitives)
      },
      try await series("appending an entry", logs, operations: 2, of: batch, rounds: 5) { log in
        try await append(to: log, primitives)
      },
    ]
    for log in logs { await log.store.close() }
    let chart = Chart(
      id: "log-costs", title: "What a longer log costs",
      x: "entries of the access log; a tenth as many of the signal log",
      y: "µs",
      series: reading + writing)
    chart.report()
    return chart
  }

  private static let incomplete = BenchError.failed("the log does not hold what it should")

  /// A page of both logs, as the audit reads it.
  private static func read(_ filter: LogFilter, _ log: SimulatedLog) async throws {
    let attempts = try await log.store.accessEntries(filter)
    let changes = try await log.store.signalEntries(filter)
    if attempts.count < page || changes.isEmpty { throw incomplete }
  }

  /// As entries are moved from a node's spool; no two need be of one key.
  private static func append(to log: SimulatedLog, _ primitives: SodiumPrimitives) async throws {
    let requests = SimulatedLog.requests(log.anyKey(), at: SystemClock().now())
    let drafts = (0..<batch).map { number in
      var draft = requests[number % requests.count]
      let key = log.anyKey()
      if draft.keyID != nil { draft.keyID = key.id }
      draft.prefix = key.prefix
      return draft
    }
    let head = try log.store.accessHead(node: SimulatedLog.node)
    _ = try await log.store.append(
      AccessBatch(
        node: head.node, after: head.sequence, through: head.sequence + Int64(batch),
        drafts: drafts, primitives: primitives))
  }

  /// What an operation takes by the length of the log.
  /// - Parameter parts: of how many the figure is for one.
  private static func series(
    _ name: String, _ logs: [SimulatedLog], operations: Int, of parts: Int = 1, rounds: Int = 9,
    _ operation: @escaping (SimulatedLog) async throws -> Void
  ) async throws -> Chart.Series {
    let measured = try await compare(
      rounds: rounds, operations: operations,
      logs.map { log in
        Contender(name: "\(name), \(log.entries) entries") { operations in
          for _ in 0..<operations { try await operation(log) }
        }
      })
    return Chart.Series(
      name: name,
      points: zip(logs, measured).map { log, figures in
        Chart.Point(x: log.entries, values: figures.rounds.map { $0 / 1_000 / Double(parts) })
      })
  }
}
