import CardeaContracts
import Testing

@testable import CardeaLimits

@Suite("where a limit counts")
struct LimitTableTests {
  private let table = LimitTable(entries: 40_960)

  private func take(
    _ terms: QuotaTerms, of number: UInt64 = 1, at now: Timestamp = LimitEdit.now
  ) throws -> LimitTable.Outcome {
    try table.take(
      1, of: BudgetTable.Subject(low: number, high: 1), terms, LeaseSize(terms), at: now)
  }

  @Test(arguments: LimitEdit.all) func anEditLocksNobodyOut(edit: LimitEdit) throws {
    while try take(edit.before).wait == nil {}
    var passed: Int64 = 0
    while try take(edit.after).wait == nil { passed += 1 }
    #expect(passed == edit.after.units)
    let refused = try take(edit.after)
    #expect(refused.wait == edit.after.wait(for: 1, edit.after.capacity, at: LimitEdit.now))
  }

  /// How much of a period was used means the same whatever the count is.
  @Test func anEditOfAQuotasCountKeepsWhatWasUsed() throws {
    let (most, more, less) = (LimitEdit.day(10), LimitEdit.day(6), LimitEdit.day(3))
    for number in 1...4 as ClosedRange<Int64> { #expect(try take(most).used == number) }
    #expect(try take(more) == .init(wait: nil, used: 5))
    #expect(try take(less) == .init(wait: 86_400_000_000_000, used: 5))
    #expect(try take(LimitEdit.day(3, from: 1), at: LimitEdit.after(days: 1)).used == 1)
  }

  /// Keys whose own quotas end at different times share a table.
  @Test func aLongerPeriodTakesNobodysPlaceInAShorterOne() throws {
    let (day, month) = (LimitEdit.day(1), LimitEdit.day(1, to: 30))
    for number in 0..<64 as Range<UInt64> { #expect(try take(day, of: number).wait == nil) }
    for number in 64..<1_344 as Range<UInt64> { #expect(try take(month, of: number).wait == nil) }
    for number in 0..<64 as Range<UInt64> { #expect(try take(day, of: number).wait != nil) }
  }

  @Test func whatIsGivenBackInAPeriodIsThereAgain() throws {
    let day = LimitEdit.day(1)
    #expect(try take(day).wait == nil)
    table.giveBack(1, to: BudgetTable.Subject(low: 1, high: 1), day, at: LimitEdit.now)
    #expect(try take(day) == .init(wait: nil, used: 1))
    #expect(try take(day).wait != nil)
  }
}

/// A limit that is edited after all of it was used.
struct LimitEdit: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let before: QuotaTerms
  let after: QuotaTerms

  /// 2026-11-21T00:00:00Z.
  static let now = after(days: 0)

  static func after(days: Int64) -> Timestamp {
    Timestamp(milliseconds: 1_795_219_200_000 + days * 86_400_000)
  }

  /// A quota from so many days after `now` to so many.
  static func day(_ count: Int64, from: Int64 = 0, to end: Int64? = nil) -> QuotaTerms {
    QuotaTerms(
      interval: 1, capacity: count, period: after(days: from)..<after(days: end ?? from + 1))
  }

  private static func rate(_ burst: Int64, interval: Int64) -> QuotaTerms {
    QuotaTerms(interval: interval, capacity: burst * interval)
  }

  static let all = [
    LimitEdit(
      testDescription: "100/1d burst=100 to 10000/1m burst=1000",
      before: rate(100, interval: 864_000_000_000), after: rate(1_000, interval: 6_000_000)),
    LimitEdit(
      testDescription: "600/1m burst=50 to 1200/1m burst=50",
      before: rate(50, interval: 100_000_000), after: rate(50, interval: 50_000_000)),
    LimitEdit(
      testDescription: "1000/1d burst=1000 to burst=10",
      before: rate(1_000, interval: 86_400_000_000), after: rate(10, interval: 86_400_000_000)),
    LimitEdit(testDescription: "monthly to daily", before: day(100, to: 9), after: day(200)),
    LimitEdit(testDescription: "daily to monthly", before: day(100), after: day(200, to: 9)),
  ]
}
