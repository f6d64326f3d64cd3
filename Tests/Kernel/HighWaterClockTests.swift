import Testing

@testable import CardeaContracts

/// C1: time never goes back, and never stands still.
@Suite("The kernel's clock") struct HighWaterClockTests {
  private let base = HandClock()

  @Test("a step back is made up by a twelfth of what passes")
  func steps() {
    let clock = HighWaterClock(base)
    let start = clock.now()
    base.setWall(start.adding(.seconds(-3_600)) ?? start)
    #expect(clock.now() == start && clock.ahead == .seconds(3_600))
    base.advance(.seconds(12))
    #expect(clock.now() == start.adding(.seconds(11)) && clock.ahead == .seconds(3_599))
    // However often it is looked at.
    for _ in 0..<12_000 {
      base.advance(.milliseconds(1))
      _ = clock.now()
    }
    #expect(clock.now() == start.adding(.seconds(22)))
    base.advance(.seconds(12 * 3_598))
    #expect(clock.now() == base.now() && clock.ahead == .zero)
    base.advance(.seconds(5))
    #expect(clock.now() == base.now())
    // Once more, from where it is now.
    let later = clock.now()
    base.setWall(start)
    #expect(clock.now() == later)
    base.advance(.seconds(12))
    #expect(clock.now() == later.adding(.seconds(11)))
  }

  @Test("a step back and one past what it was ahead leave nothing behind the second")
  func stepsBothWays() {
    let clock = HighWaterClock(base)
    let start = clock.now()
    base.setWall(start.adding(.seconds(-60)) ?? start)
    #expect(clock.now() == start)
    let later = start.adding(.seconds(60))
    base.setWall(later ?? start)
    #expect(clock.now() == later)
    base.setWall(start.adding(.seconds(30)) ?? start)
    #expect(clock.now() == later)
  }

  @Test("a later time that is seen elsewhere counts, whenever it comes")
  func notes() throws {
    let clock = HighWaterClock(base)
    let seen = try #require(base.now().adding(.seconds(600)))
    clock.note(seen)
    #expect(clock.now() == seen)
    base.advance(.seconds(24))
    #expect(clock.now() == seen.adding(.seconds(22)))
    let further = try #require(seen.adding(.seconds(900)))
    clock.note(further)
    base.advance(.seconds(12))
    #expect(clock.now() == further.adding(.seconds(11)))
    clock.note(seen)
    #expect(clock.now() == further.adding(.seconds(11)))
  }

  @Test(
    "the store's time counts, whatever the system's is before it is known or after",
    arguments: [-7_200, 0, 7_200])
  func store(_ seconds: Int64) throws {
    let clock = HighWaterClock(base, followsStore: true)
    let store = try #require(base.now().adding(.seconds(seconds)))
    #expect(clock.now() == base.now())
    clock.note(storeTime: store)
    #expect(clock.now() == store)
    base.advance(.seconds(10))
    #expect(clock.now() == store.adding(.seconds(10)) && clock.ahead == .zero)
    base.setWall(store)
    #expect(clock.now() == store.adding(.seconds(10)))
    // The store's own clock is set back.
    clock.note(storeTime: store)
    #expect(clock.now() == store.adding(.seconds(10)) && clock.ahead == .seconds(10))
    base.advance(.seconds(12))
    #expect(clock.now() == store.adding(.seconds(21)))
  }
}
