import CardeaContracts

/// Which bucket terms count in.
extension QuotaTerms {
  /// A subject's bucket.
  ///
  /// What is kept of a bucket says how much was used only together with the terms that it was used by. So a rate that is
  /// edited counts in another bucket, and so does each period: nothing that was used of the one is read as something of
  /// the other. The count of a quota may be edited: what was used of the period stays used.
  package func bucket(of subject: BudgetTable.Subject) -> BudgetTable.Subject {
    let (first, second) =
      period.map { ($0.upperBound.milliseconds, interval) } ?? (interval, capacity)
    return BudgetTable.Subject(
      low: subject.low ^ QuotaTerms.spread(first), high: subject.high ^ QuotaTerms.spread(second))
  }

  /// Different for different numbers, and, since ids are told apart by any bit, in the high bits too: by the golden ratio.
  private static func spread(_ number: Int64) -> UInt64 {
    UInt64(bitPattern: number) &* 0x9E37_79B9_7F4A_7C15
  }
}
