/// How much of a bucket a node takes ahead at most, and how much it lets through before it has told the store.
///
/// The greater they are, the fewer draws it takes and the more evenly a burst passes, and the more nodes may let through
/// together beyond the limit: for every node but the first, ``batch`` and ``credit``.
package struct LeaseSize: Sendable, Equatable {
  /// Units that a node holds at most.
  package let batch: Int64
  /// Units that a node lets through at most before the store knows of them.
  package let credit: Int64

  /// Of a bucket that fills all the time: a tenth of it, and on credit a quarter or ten units. Of one that is filled up
  /// once in a period, of which a node that dies takes its batch along: a hundredth, and on credit a tenth or a hundred
  /// units, whichever is less. In either case no less than a request may cost or than comes back in 100 ms, in which a
  /// draw should be done, and no more than the bucket holds.
  /// - Parameter cost: the most units that one request takes.
  package init(_ terms: QuotaTerms, cost: Int64 = 1) {
    let units = terms.units
    if terms.period == nil {
      let least = max(1, cost, 100_000_000 / terms.interval)
      batch = min(units, max(least, units / 10))
      credit = min(units, max(least, units / 4, 10))
    } else {
      batch = min(units, max(1, cost, min(units / 100, 1_000)))
      credit = min(units, max(1, cost, min(units / 10, 100)))
    }
  }
}
