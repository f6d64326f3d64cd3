import CardeaContracts

/// Transactions on one link, one at a time.
///
/// Threading: from any task; they go in the order in which they came.
final class Transactions: Sendable {
  /// A transaction that came to nothing, unless its connection was lost while it was being committed.
  struct Aborted: Error {
    let reason: StoreError
    /// Whether others stood in its way, so that it may be tried again.
    let isTransient: Bool
  }

  private let link: Link
  private let limit: Duration
  private let turns = Turns()

  init(_ link: Link, within limit: Duration) {
    self.link = link
    self.limit = limit
  }

  /// Begins a transaction with `first`, whose rows `body` gets, and commits it with what `body` gives as its last
  /// statements: two waits, if it runs none between. Thrice more if others stand in its way.
  func run<Value: Sendable>(
    _ first: [Statement],
    _ body: (Transaction, [Rows]) async throws(StoreError) -> (value: Value, last: [Statement])
  ) async throws(StoreError) -> Value {
    await turns.take()
    defer { turns.pass() }
    var attempts = 0
    while true {
      attempts += 1
      do throws(Aborted) { return try await attempt(first, body) } catch {
        guard error.isTransient, attempts < 4 else { throw error.reason }
      }
    }
  }

  /// The same once. The caller sees to it that no other is under way.
  func attempt<Value: Sendable>(
    _ first: [Statement],
    _ body: (Transaction, [Rows]) async throws(StoreError) -> (value: Value, last: [Statement])
  ) async throws(Aborted) -> Value {
    let transaction: Transaction
    do throws(Failure) { transaction = Transaction(try link.connection(), within: limit) } catch {
      throw Aborted(reason: StoreError(error), isTransient: false)
    }
    do throws(StoreError) {
      let begin = transaction.begin
      let rows = try await transaction.run(begin + first)
      let (value, last) = try await body(transaction, Array(rows.dropFirst(begin.count)))
      try await transaction.commit(after: last)
      return value
    } catch {
      let failure = transaction.failure
      await transaction.rollBack()
      throw Aborted(reason: error, isTransient: failure?.isTransient == true)
    }
  }
}
