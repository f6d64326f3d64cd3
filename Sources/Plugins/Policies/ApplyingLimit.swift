import CardeaContracts
import CardeaLimits

/// A limit that a request falls under, and where it is counted.
struct ApplyingLimit: Sendable {
  let name: String
  /// Units that the limit allows in a window.
  let quota: Int
  let window: Duration
  let terms: QuotaTerms
  let size: LeaseSize
  let subject: BudgetTable.Subject
  let table: LimitTable
  /// By the clock that the table counts with.
  let now: Timestamp

  private func take(_ cost: Int64, isRehearsal: Bool) throws -> LimitTable.Outcome {
    try table.take(cost, of: subject, terms, size, at: now, isRehearsal: isRehearsal)
  }

  private func giveBack(_ cost: Int64) { table.giveBack(cost, to: subject, terms, at: now) }

  /// What is left, as clients are told.
  private func state(_ used: Int64) -> LimitState {
    LimitState(
      name: name, quota: quota, window: window,
      remaining: Int(clamping: terms.remaining(used)),
      resetsAfter: .nanoseconds(terms.untilNext(used, at: now)))
  }

  /// Takes what a request costs from every limit or from none.
  /// - Parameter code: what a denial is called.
  /// - Throws: if one of them can't tell. Nothing is taken then.
  static func decide(
    _ limits: [ApplyingLimit], cost: Int64, code: String, isRehearsal: Bool
  ) throws -> PolicyDecision {
    var states: [LimitState] = []
    states.reserveCapacity(limits.count)
    for (index, limit) in limits.enumerated() {
      func undo() {
        if !isRehearsal { for earlier in limits[..<index] { earlier.giveBack(cost) } }
      }
      let outcome: LimitTable.Outcome
      do { outcome = try limit.take(cost, isRehearsal: isRehearsal) } catch {
        undo()
        throw error
      }
      states.append(limit.state(outcome.used))
      guard let wait = outcome.wait else { continue }
      undo()
      return .deny(denial(limits, cost: cost, code: code, atLeast: wait))
    }
    return .within(states)
  }

  /// What was given back is there again.
  private static func denial(
    _ limits: [ApplyingLimit], cost: Int64, code: String, atLeast known: Int64
  ) -> PolicyDenial {
    var longest = known
    var states: [LimitState] = []
    for limit in limits {
      // One that can't tell how long it takes has no say in that.
      longest = max(longest, (try? limit.take(cost, isRehearsal: true))?.wait ?? 0)
      states.append(limit.state((try? limit.take(0, isRehearsal: true))?.used ?? 0))
    }
    return PolicyDenial(
      code: code, status: .tooManyRequests, retryAfter: .nanoseconds(longest), limits: states)
  }
}
