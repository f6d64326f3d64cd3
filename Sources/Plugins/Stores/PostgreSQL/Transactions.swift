import CardeaKernel

/// Transactions on one link, one at a time.
///
/// Threading: from any task; they go in the order in which they came.
final class Transactions: Sendable {
  private let link: Link
  private let limit: Duration
  private let turns = Turns()

  init(_ link: Link, within limit: Duration) {
    self.link = link
    self.limit = limit
  }

  /// Begins a transaction with `first`, whose rows `body` gets, and commits it with what `body` gives as its last
  /// statements: two waits, if it runs none between. Once more if others stand in its way.
  func run<Value: Sendable>(
    _ first: [Statement],
    _ body: (Transaction, [Rows]) async throws(StoreError) -> (value: Value, last: [Statement])
  ) async throws(StoreError) -> Value {
    await turns.take()
    defer { turns.pass() }
    var attempts = 0
    while true {
      attempts += 1
      let transaction: Transaction
      do throws(Failure) { transaction = Transaction(try link.connection(), within: limit) } catch {
        throw StoreError(error)
      }
      do throws(StoreError) {
        let rows = try await transaction.run(Transaction.begin + first)
        let (value, last) = try await body(
          transaction, Array(rows.dropFirst(Transaction.begin.count)))
        try await transaction.commit(after: last)
        return value
      } catch {
        let failure = transaction.failure
        await transaction.rollBack()
        guard failure?.isTransient == true, attempts < 4 else { throw error }
      }
    }
  }
}
