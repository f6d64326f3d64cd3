/// What a node holds of one bucket, and what it knows of it.
///
/// What a node *holds* was charged when it was drawn. What it lets through beyond that, it *owes* until the next draw
/// tells the store; it does so only as long as, by what it knows, the bucket has that much. What it knows is what the
/// last draw told it, less what has come back since by its own monotonic clock: never less than what it would be if
/// nobody else had drawn.
///
/// What it holds it loses again as time goes by: once a bucket is full again by itself, nothing of it is held by
/// anybody. So one node alone lets through exactly what the limit says.
///
/// Why n nodes let through at most (n - 1) × (batch + credit) more: call *debt* what is used beyond the capacity, what
/// is owed included. No draw is given units that would make one. A node's credit makes none by what it was told last;
/// so what makes one is what others have charged since, of which each was told of the debt before it charged more than
/// its credit. The debt is never more than the credit of all nodes but one. In any time t the store gives, or charges,
/// at most the capacity, t, and that debt; what is let through beyond it was held when t began. What the one holds that
/// holds most is still used then, which leaves the batches of all nodes but one.
struct QuotaLease: Sendable {
  private(set) var terms: QuotaTerms
  /// Units that were drawn and not let through.
  private(set) var held: Int64 = 0
  /// Units that were let through and not told.
  private(set) var owed: Int64 = 0
  /// Units of a draw that is under way, told by it.
  private var telling: Int64 = 0
  /// Nanoseconds that were used as the last draw was answered; 0 before the first.
  private var used: Int64 = 0
  private var observedAt: UInt64
  /// Units let through since the last draw began.
  private var taken: Int64 = 0
  private(set) var touchedAt: UInt64
  private(set) var isKnown = false
  /// Whether it waits for a draw.
  var isQueued = false
  /// Whether a draw is under way.
  private(set) var isDrawing = false

  init(_ terms: QuotaTerms, at now: UInt64) {
    self.terms = terms
    observedAt = now
    touchedAt = now
  }

  /// How soon a draw is wanted.
  enum Need: Sendable, Comparable { case none, soon, now }

  /// What a request was told.
  struct Answer: Sendable, Equatable {
    var isTaken: Bool
    /// What is used of the bucket as a client may see it, in nanoseconds: what the node holds is not.
    var used: Int64
    /// It was refused, though by what is known the bucket has it.
    var isUnsure = false
    var need = Need.none
  }

  /// Untouched for so long, a lease is given back: nanoseconds.
  static let idle: UInt64 = 2_000_000_000
  /// So long after it was told that there is nothing, a node asks again: nanoseconds.
  private static let patience: UInt64 = 1_000_000_000

  /// What is used as far as is known, what this node owes apart: nanoseconds.
  private func known(at now: UInt64) -> Int64 {
    if terms.period != nil { return used }
    return max(0, used - Int64(clamping: QuotaLease.time(from: observedAt, to: now)))
  }

  /// What has passed, none for a time that was read before: threads read the clock before they have the bucket's lock.
  private static func time(from start: UInt64, to now: UInt64) -> UInt64 {
    now > start ? now - start : 0
  }

  private func seen(at now: UInt64) -> Int64 {
    max(0, known(at: now) + (owed + telling - held) * terms.interval)
  }

  /// Follows the limit, whose count may have been edited, and lets go of what is held no more.
  private mutating func follow(_ terms: QuotaTerms, at now: UInt64) {
    self.terms = terms
    held = min(held, known(at: now) / terms.interval + telling, terms.units)
  }

  /// Lets a request through, or does not.
  mutating func take(
    _ cost: Int64, _ terms: QuotaTerms, _ size: LeaseSize, at now: UInt64
  ) -> Answer {
    follow(terms, at: now)
    touchedAt = now
    let cost = min(max(cost, 0), terms.units)
    let onCredit = max(0, cost - held)
    var after = known(at: now) + (owed + telling) * terms.interval
    let isThere = onCredit == 0 || terms.take(onCredit, from: &after)
    let isCredited = onCredit == 0 || owed + telling + onCredit <= size.credit
    guard isThere, isCredited else {
      let isOld = QuotaLease.time(from: observedAt, to: now) >= QuotaLease.patience
      return Answer(
        isTaken: false, used: seen(at: now), isUnsure: isThere,
        need: isThere ? .now : isOld ? .soon : .none)
    }
    held -= cost - onCredit
    owed += onCredit
    taken += cost
    let need: Need =
      onCredit > 0 && (!isKnown || owed + telling > size.credit / 2)
      ? .now : onCredit > 0 || held < taken / 2 || (held == 0 && cost > 0) ? .soon : .none
    return Answer(isTaken: true, used: seen(at: now), need: need)
  }

  /// What ``take(_:_:_:at:)`` would answer.
  func look(_ cost: Int64, _ terms: QuotaTerms, _ size: LeaseSize, at now: UInt64) -> Answer {
    var copy = self
    return copy.take(cost, terms, size, at: now)
  }

  /// Takes back a request that was let through, since another limit denied it.
  mutating func giveBack(_ cost: Int64) {
    let cost = min(max(cost, 0), terms.units)
    let forgotten = min(owed, cost)
    owed -= forgotten
    held += cost - forgotten
    taken -= min(taken, cost)
  }

  // MARK: Draws

  /// Begins a draw; `nil` if one is under way, or if there is nothing to settle and nothing to ask.
  mutating func begin(
    _ bucket: String, _ size: LeaseSize, at now: UInt64, isLast: Bool
  ) -> QuotaDraw? {
    guard !isDrawing else { return nil }
    follow(terms, at: now)
    isQueued = false
    let isIdle = isLast || QuotaLease.time(from: touchedAt, to: now) >= QuotaLease.idle
    let wanted = isIdle ? 0 : max(0, min(size.batch, 4 * taken) - held)
    let returned = isIdle ? held : 0
    if isIdle, owed == 0, returned == 0 { return nil }
    telling = owed
    owed = 0
    held -= returned
    taken = 0
    isDrawing = true
    return QuotaDraw(
      bucket: bucket, terms: terms, spent: telling, returned: returned, wanted: wanted)
  }

  /// The draw was answered.
  mutating func end(_ grant: QuotaGrant, at now: UInt64) {
    isDrawing = false
    telling = 0
    (used, observedAt, isKnown) = (grant.used, now, true)
    held += grant.units
    // What was let through meanwhile is covered by what was drawn.
    let covered = min(held, owed)
    held -= covered
    owed -= covered
  }

  /// The draw failed, or nobody knows whether it was done. What it told is told again; what it brought back may
  /// have arrived, and what it asked for is lost.
  mutating func fail() {
    isDrawing = false
    owed += telling
    telling = 0
  }

  // MARK: Forgetting

  /// Whether nothing is lost with it but knowledge.
  var isSettled: Bool { owed == 0 && telling == 0 && !isDrawing && !isQueued }

  /// What is used as far as is known: who has least is forgotten first.
  func weight(at now: UInt64) -> Int64 { known(at: now) }

  /// What to do about a lease that nobody has asked for: `true` forgets it, `false` draws, `nil` leaves it.
  /// - Parameter isLast: nobody is going to ask for any.
  func isOver(at now: UInt64, _ time: Timestamp, isLast: Bool) -> Bool? {
    // What is owed to a period is over with it.
    if let period = terms.period, period.upperBound <= time { return true }
    if isDrawing || isQueued { return nil }
    guard isLast || QuotaLease.time(from: touchedAt, to: now) >= QuotaLease.idle else { return nil }
    if owed > 0 || held > 0 { return false }
    return isLast || known(at: now) == 0 ? true : nil
  }
}
