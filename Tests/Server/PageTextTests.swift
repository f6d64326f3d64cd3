import CardeaContracts
import Testing

@testable import CardeaServer

@Suite struct PageTextTests {
  /// Milliseconds from now, and what the page says of them.
  @Test(arguments: [
    (-59_000, "just now"), (-400, "just now"), (0, "just now"), (2_000, "in less than a minute"),
    (3 * 86_400_000, "in 3 days"),
  ])
  func aMomentAgoIsNotToCome(_ milliseconds: Int64, _ text: String) {
    let now = Timestamp(milliseconds: 1_790_000_000_000)
    let time = Timestamp(milliseconds: now.milliseconds + milliseconds)
    #expect(PageText.distance(time, now: now) == text)
  }
}
