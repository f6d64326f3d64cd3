import Synchronization

/// Where one limit counts what its subjects use: in leases of a store that all nodes share, or, without one, in this
/// process's memory. An edited rate and each period of a quota are buckets of their own: ``QuotaTerms/bucket(of:)``.
///
/// Threading: any thread.
package final class LimitTable: Sendable {
  private let local: BudgetTable
  private let entries: Int
  private let leased = AtomicLazyReference<LeasedLimit>()

  /// - Parameter entries: subjects that are remembered at most.
  package init(entries: Int) {
    self.entries = entries
    local = BudgetTable(capacity: entries)
  }

  /// From here on all nodes count together. Called once, before the first request.
  /// - Parameter name: unique among all limits, the same on all nodes.
  package func lease(from leases: QuotaLeases, as name: String) {
    _ = leased.storeIfNil(leases.limit(name, entries: entries))
  }

  /// The time by which periods are told.
  package func time(_ now: Timestamp) -> Timestamp { leased.load()?.time ?? now }

  /// What became of a request.
  package struct Outcome: Sendable, Equatable {
    /// Nanoseconds until there would be enough; `nil`: there was.
    package var wait: Int64?
    /// What is used of the bucket after it, in nanoseconds.
    package var used: Int64
  }

  /// Takes units of a subject's bucket, if they are there.
  /// - Parameters:
  ///   - size: how much may be leased.
  ///   - isRehearsal: nothing is taken; the outcome is what it would be.
  /// - Throws: ``QuotaLeases/Silence`` if only the store could tell, and it does not answer.
  package func take(
    _ cost: Int64, of subject: BudgetTable.Subject, _ terms: QuotaTerms, _ size: LeaseSize,
    at now: Timestamp, isRehearsal: Bool = false
  ) throws(QuotaLeases.Silence) -> Outcome {
    let bucket = terms.bucket(of: subject)
    if let leased = leased.load() {
      let answer = try leased.take(cost, of: bucket, terms, size, isRehearsal: isRehearsal)
      return Outcome(wait: answer.isTaken ? nil : answer.wait, used: answer.used)
    }
    return update(bucket, terms, at: now) { used in
      var after = used
      guard terms.take(cost, from: &after) else {
        return Outcome(wait: max(1, terms.wait(for: cost, used, at: now)), used: used)
      }
      if !isRehearsal { used = after }
      return Outcome(wait: nil, used: after)
    }
  }

  /// Takes back what was taken, since another limit denied the request.
  package func giveBack(
    _ cost: Int64, to subject: BudgetTable.Subject, _ terms: QuotaTerms, at now: Timestamp
  ) {
    let bucket = terms.bucket(of: subject)
    if let leased = leased.load() { return leased.giveBack(cost, to: bucket) }
    update(bucket, terms, at: now) { terms.giveBack(cost, to: &$0) }
  }

  /// Changes what is used of a bucket, in nanoseconds. Whatever its terms are, its place is free once its moment is
  /// over, or if nothing is used of it: buckets of different periods share the table.
  private func update<Result: Sendable>(
    _ bucket: BudgetTable.Subject, _ terms: QuotaTerms, at now: Timestamp,
    _ change: (inout Int64) -> Result
  ) -> Result {
    let base = terms.base(at: now)
    return local.update(bucket, floor: now.nanoseconds) { full in
      var used = max(full, base) - base
      let result = change(&used)
      full = used > 0 ? base + used : now.nanoseconds
      return result
    }
  }
}
