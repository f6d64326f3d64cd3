import CardeaContracts

/// Makes the partitions of the signal log long before an entry needs them.
///
/// Threading: ``prepare()`` between two transactions of the link's, by whoever begins them; the rest from any thread.
final class LogPartitions: Sendable {
  private let link: Link
  private let known = Locked<Known?>(nil)

  /// What was found on one connection: after a failover the server may lack the partition that was made last.
  private struct Known: Sendable {
    let connection: Connection
    /// The log's last position when it was looked at last.
    var position: Int64
    /// Positions below it have a partition.
    var end: Int64
  }

  init(_ link: Link) { self.link = link }

  /// Sees to it that the log can go on for half a partition at least, and mostly knows that without asking.
  func prepare() async throws(StoreError) {
    do throws(Failure) {
      let connection = try link.connection()
      let isReady = known.withLock { known -> Bool in
        guard let known, known.connection === connection else { return false }
        return known.end - known.position > Schema.logPartition / 2
      }
      if isReady { return }
      known.withLock { $0 = nil }
      let row = try await Link.run(LogPartitions.ends, on: connection, within: .seconds(10)).first
      let position = row?.int(0) ?? 0
      let number = position / Schema.logPartition
      let isNextDue = position % Schema.logPartition >= Schema.logPartition / 2
      if row?.bool(1) != true { try await make(number, connection) }
      if isNextDue, row?.bool(2) != true { try await make(number + 1, connection) }
      let last = isNextDue ? number + 1 : number
      known.withLock {
        $0 = Known(
          connection: connection, position: position, end: (last + 1) * Schema.logPartition + 1)
      }
    } catch {
      throw StoreError(error)
    }
  }

  /// Whether there is a partition for everything up to `position`, the log's last. If not, others have been busy, and
  /// ``prepare()`` looks again.
  func reach(_ position: Int64) -> Bool {
    known.withLock { known in
      guard let end = known?.end, position < end else {
        known = nil
        return false
      }
      known?.position = position
      return true
    }
  }

  /// Whether ``prepare()`` need not look again.
  var isKnown: Bool { known.withLock { $0 != nil } }

  /// The log's last position, and whether there are the partition of the next one and the one after.
  private static let ends = Statement(
    """
    SELECT position, to_regclass('cardea.signal_payloads_' || number) IS NOT NULL,
      to_regclass('cardea.signal_payloads_' || number + 1) IS NOT NULL
    FROM (SELECT position, position / \(Schema.logPartition) AS number FROM cardea.signal_log_head) h
    """, isKept: false)

  /// In one transaction, under a lock of its own: several nodes come here at once.
  private func make(_ number: Int64, _ connection: Connection) async throws(Failure) {
    func run(_ sql: String) async throws(Failure) -> Rows {
      try await Link.run(Statement(sql, isKept: false), on: connection, within: .seconds(10))
    }
    do throws(Failure) {
      _ = try await run("BEGIN")
      _ = try await run("SELECT pg_advisory_xact_lock(\(Schema.lock))")
      let found = try await run(
        "SELECT to_regclass('cardea.signal_payloads_\(number)') IS NOT NULL")
      if found.first?.bool(0) != true {
        for statement in Schema.logPartition(holding: number * Schema.logPartition + 1) {
          _ = try await run(statement)
        }
      }
      _ = try await run("COMMIT")
    } catch {
      _ = try? await run("ROLLBACK")
      throw error
    }
  }
}
