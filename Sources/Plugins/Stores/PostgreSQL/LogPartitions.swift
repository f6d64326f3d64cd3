import CardeaKernel

/// Makes the partitions of the signal log before an entry needs them.
///
/// Threading: from any task.
final class LogPartitions: Sendable {
  private let link: Link
  /// Positions below it have a partition.
  private let end = Locked<Int64>(0)

  init(_ link: Link) { self.link = link }

  func ensure(_ position: Int64) async throws(StoreError) {
    if position < end.withLock({ $0 }) { return }
    do throws(Failure) {
      let number = max(0, position - 1) / Schema.logPartition
      let connection = try link.connection()
      let found = try await Link.run(
        Statement(
          "SELECT to_regclass('cardea.signal_payloads_\(number)') IS NOT NULL", isKept: false),
        on: connection, within: .seconds(10))
      if found.first?.bool(0) != true { try await make(position, connection) }
      end.withLock { $0 = max($0, (number + 1) * Schema.logPartition + 1) }
    } catch {
      throw StoreError(error)
    }
  }

  /// In one transaction, under a lock of its own: several nodes come here at once.
  private func make(_ position: Int64, _ connection: Connection) async throws(Failure) {
    let number = max(0, position - 1) / Schema.logPartition
    func run(_ sql: String) async throws(Failure) -> Rows {
      try await Link.run(Statement(sql, isKept: false), on: connection, within: .seconds(10))
    }
    do throws(Failure) {
      _ = try await run("BEGIN")
      _ = try await run("SELECT pg_advisory_xact_lock(\(Schema.lock))")
      let found = try await run(
        "SELECT to_regclass('cardea.signal_payloads_\(number)') IS NOT NULL")
      if found.first?.bool(0) != true {
        for statement in Schema.logPartition(holding: position) { _ = try await run(statement) }
      }
      _ = try await run("COMMIT")
    } catch {
      _ = try? await run("ROLLBACK")
      throw error
    }
  }
}
