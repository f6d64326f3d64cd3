import CardeaContracts
import CardeaTestSupport
import Testing

@testable import CardeaLimits

@Suite("rates and budgets")
struct BudgetTests {
  @Test(arguments: [
    ("10/1m", 10, Duration.seconds(60)), ("1/1s", 1, .seconds(1)),
    ("1000000/1s", 1_000_000, .seconds(1)),
    ("5/90d", 5, .seconds(90 * 86_400)), ("3/1500ms", 3, .milliseconds(1_500)),
  ])
  func ratesAreRead(text: String, count: Int, window: Duration) throws {
    let rate = try #require(Rate(text))
    #expect(rate.count == count)
    #expect(rate.window == window)
    #expect(rate.description == text)
  }

  @Test(arguments: [
    "", "10", "/1m", "10/", "10/m", "10/1", "0/1m", "01/1m", "+1/1m", "-1/1m", "1.5/1m", "1e3/1m",
    "10/0s", "10/500ms", "10/never", "10/367d", "1000001/1s", "99999999999999999999/1m", "10/1m/1m",
    " 10/1m", "10 /1m", "١/1m", "10/1min", "NaN/1m", "9007199254740993/1m",
  ])
  func otherTextIsNoRate(text: String) { #expect(Rate(text) == nil) }

  /// A model that keeps every arrival: the count over any window is at most burst and what came back.
  @Test(arguments: [(7, 3, 1), (60, 10, 2), (100, 100, 3), (1, 1, 4), (1_000, 250, 5)])
  func aLimitNeverLetsMoreThrough(count: Int, burst: Int, seed: UInt64) throws {
    let rate = try #require(Rate(count, per: .seconds(10)))
    let gcra = GCRA(rate, burst: burst)
    var random = SplitMix64(seed: seed)
    var full: Int64 = 0
    var now: Int64 = 1_000_000_000
    var taken: [Int64] = []
    for _ in 0..<4_000 {
      now += Int64(random.next() % UInt64(20_000_000_000 / count))
      let before = full
      let left = gcra.remaining(full, at: now)
      if let wait = gcra.take(&full, at: now) {
        #expect(full == before)
        #expect(left == 0)
        #expect(wait == gcra.untilNext(full, at: now))
        var copy = full
        #expect(gcra.take(&copy, at: now + wait - 1) != nil)
        #expect(gcra.take(&copy, at: now + wait) == nil)
      } else {
        taken.append(now)
        #expect(left >= 1)
        #expect(gcra.remaining(full, at: now) == left - 1)
        let next = gcra.untilNext(full, at: now)
        #expect(gcra.remaining(full, at: now + next) == left)
        if next > 1 { #expect(gcra.remaining(full, at: now + next - 1) == left - 1) }
      }
    }
    for start in stride(from: 0, to: taken.count, by: 37) {
      for end in stride(from: start, to: min(taken.count, start + 400), by: 23) {
        let span = taken[end] - taken[start]
        let early = burst == 1 ? gcra.interval / 20 : 0
        #expect(Int64(end - start + 1) <= gcra.burst + (span + early) / gcra.interval)
      }
    }
  }

  @Test func whatIsGivenBackIsThereAgain() throws {
    let gcra = GCRA(try #require(Rate(10, per: .seconds(10))), burst: 5)
    var full: Int64 = 0
    for _ in 0..<5 { #expect(gcra.take(&full, at: 100) == nil) }
    #expect(gcra.take(&full, at: 100) != nil)
    gcra.giveBack(&full, cost: 2)
    #expect(gcra.remaining(full, at: 100) == 2)
    for _ in 0..<100 { gcra.charge(&full, at: 100) }
    #expect(gcra.untilNext(full, at: 100) == 6_000_000_000, "the debt is one burst")
  }

  @Test func theLeastBusyGiveWay() {
    let table = BudgetTable(capacity: 1)
    #expect(table.capacity == 512)
    #expect(table.allocated == 0)
    let floor: Int64 = 1_000
    // 512 places, and ten times as many subjects; the busiest 50 came first.
    for number in 0..<5_120 as Range<UInt64> {
      table.update(.init(low: number, high: 0), floor: floor) {
        $0 = floor + (number < 50 ? 1_000_000 : 1)
      }
    }
    let kept = (0..<50 as Range<UInt64>).count {
      table.used(.init(low: $0, high: 0), floor: floor) > floor + 1
    }
    #expect(kept == 50)
    #expect(table.count(above: floor) <= 512)
    // Once nobody has used anything, every place is free.
    #expect(table.count(above: 2_000_000) == 0)
    table.update(.init(low: 7, high: 7), floor: 2_000_000) { $0 += 5 }
    #expect(table.used(.init(low: 7, high: 7), floor: 2_000_000) == 2_000_005)
    #expect(table.used(.init(low: 7, high: 8), floor: 2_000_000) == 2_000_000)
  }

  /// A million subjects, each with something used, take no more than the places there are.
  @Test func aMillionSubjectsTakeNoMoreThanTheirPlaces() {
    let table = BudgetTable(capacity: 10_000)
    #expect(table.capacity == 10_240)
    #expect(BudgetTable(capacity: 10_240).capacity == 10_240)
    for number in 0..<1_000_000 as Range<UInt64> {
      table.update(.init(low: number, high: ~number), floor: 0) { $0 += 1 }
    }
    #expect(table.allocated == table.capacity)
    #expect(table.count(above: 0) == table.capacity, "and every place is in use")
  }

  @Test func whatIsBackAtTheFloorIsNotKept() {
    let table = BudgetTable(capacity: 512)
    table.update(.init(low: 1, high: 1), floor: 10) { _ in }
    #expect(table.allocated == 0)
    table.update(.init(low: 1, high: 1), floor: 10) { $0 = 20 }
    table.update(.init(low: 1, high: 1), floor: 10) { $0 = 10 }
    #expect(table.count(above: 10) == 0)
  }
}
