import Synchronization

/// Where one limit counts what its subjects use: in leases of a store that all nodes share, or, without one, in this
/// process's memory.
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
    if let leased = leased.load() {
      let answer = try leased.take(cost, of: subject, terms, size, isRehearsal: isRehearsal)
      return Outcome(wait: answer.isTaken ? nil : answer.wait, used: answer.used)
    }
    let base = terms.base(at: now)
    return local.update(subject, floor: base) { full in
      var used = max(full, base) - base
      guard terms.take(cost, from: &used) else {
        return Outcome(wait: max(1, terms.wait(for: cost, used, at: now)), used: used)
      }
      if !isRehearsal { full = base + used }
      return Outcome(wait: nil, used: used)
    }
  }

  /// Takes back what was taken, since another limit denied the request.
  package func giveBack(
    _ cost: Int64, to subject: BudgetTable.Subject, _ terms: QuotaTerms, at now: Timestamp
  ) {
    if let leased = leased.load() { return leased.giveBack(cost, to: subject) }
    let base = terms.base(at: now)
    local.update(subject, floor: base) { full in
      var used = max(full, base) - base
      terms.giveBack(cost, to: &used)
      full = base + used
    }
  }
}
