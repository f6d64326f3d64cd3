import CardeaContracts

/// Statements of one transaction on one connection, which remembers why one of them failed.
///
/// Threading: one task, one statement at a time.
final class Transaction: Sendable {
  private let connection: Connection
  private let limit: Duration
  private let lastFailure = Locked<Failure?>(nil)
  private let held = Locked<[Statement]>([])

  init(_ connection: Connection, within limit: Duration) {
    self.connection = connection
    self.limit = limit
  }

  /// Why the last statement failed; `nil` after one that did not. What was thrown without a failure is a refusal of ours.
  var failure: Failure? { lastFailure.withLock { $0 } }

  @discardableResult
  func run(_ sql: String, _ values: [any Bindable] = [], isKept: Bool = true)
    async throws(StoreError) -> Rows
  {
    try await run(Statement(sql, values, isKept: isKept))
  }

  @discardableResult
  func run(_ statement: Statement) async throws(StoreError) -> Rows {
    try await run([statement]).last ?? Rows()
  }

  /// All of them with one wait; the rows of each.
  @discardableResult
  func run(_ statements: [Statement]) async throws(StoreError) -> [Rows] {
    let early = held.withLock { held in
      defer { held = [] }
      return held
    }
    do throws(Failure) {
      let rows = try await Link.run(early + statements, on: connection, within: limit)
      lastFailure.withLock { $0 = nil }
      return Array(rows.dropFirst(early.count))
    } catch {
      lastFailure.withLock { $0 = error }
      throw StoreError(error)
    }
  }

  /// Runs it ahead of the next statements, without a wait of its own. If it fails, they do.
  func hold(_ sql: String) { held.withLock { $0.append(Statement(sql)) } }

  /// Begins it. What a stopped node holds is let go of by the server after two seconds, else one node could keep all
  /// others from changing anything. The server gives a lock up before we give the server up: sessions that nobody waits
  /// for any more would take all its connections.
  var begin: [Statement] {
    [
      Statement("BEGIN"),
      Statement(
        """
        SELECT set_config('idle_in_transaction_session_timeout', '2s', true),
          set_config('lock_timeout', $1, true),
          set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)
        """, ["\(limit.wholeMilliseconds * 9 / 10)"]),
    ]
  }

  /// Commits; `statements` go before with the same wait. A transaction in which one of them failed is rolled back by
  /// the server, which answers COMMIT with that. One whose wait for a standby was cut short is committed, but with a
  /// warning: a failover may lose it, so its outcome is not known yet.
  func commit(after statements: [Statement] = []) async throws(StoreError) {
    let rows = try await run(statements + [Statement("COMMIT")])
    guard rows.last?.tag == "COMMIT" else {
      throw .unavailable("PostgreSQL rolled the transaction back")
    }
    if rows.contains(where: \.isWarned) {
      throw .unavailable(
        "PostgreSQL committed the transaction with a warning: whether a standby has it is not known"
      )
    }
  }

  func rollBack() async { _ = try? await run("ROLLBACK") }
}
