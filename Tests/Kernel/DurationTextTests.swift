import CardeaContracts
import Testing

@Suite("durations as people write them")
struct DurationTextTests {
  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("10m", .seconds(600)),
    ("12h", .seconds(43_200)), ("90d", .seconds(90 * 86_400)), ("0s", .zero), ("0ms", .zero),
    ("3600s", .seconds(3_600)),
  ])
  func reads(text: String, duration: Duration) {
    #expect(DurationText(text) == .finite(duration))
  }

  @Test func neverIsNoDuration() {
    #expect(DurationText("never") == .never)
    #expect(DurationText("never")?.duration == nil)
    #expect(DurationText.never.description == "never")
  }

  @Test(arguments: [
    "", "s", "10", "10 s", " 10s", "10s ", "-1s", "+1s", "1.5h", "1e3s", "01s", "00s", "10S", "10w",
    "10y", "10sec", "Never", "٣s", "9223372036854775807d", "9223372036854775808ms", "3660001d",
    "1h30m", "10m\u{0}",
  ])
  func refuses(text: String) {
    #expect(DurationText(text) == nil)
  }

  @Test(arguments: [
    (Duration.milliseconds(1_500), "1500ms"), (.seconds(86_400), "1d"), (.seconds(5_400), "90m"),
    (.zero, "0s"), (.seconds(61), "61s"),
  ])
  func writesTheShortest(duration: Duration, text: String) {
    #expect(DurationText.finite(duration).description == text)
    #expect(DurationText(text) == .finite(duration))
  }
}
