import CardeaContracts
import CardeaTestSupport
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00.000Z", 0), ("2026-11-21T02:13:25.123Z", 1_795_227_205_123),
    ("2000-02-29T23:59:59.999Z", 951_868_799_999), ("1969-12-31T23:59:59.999Z", -1),
    ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
    ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
  ])
  func whatIsWrittenIsRead(_ text: String, _ milliseconds: Int64) {
    #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
  }

  @Test func everyMillisecondGoesThereAndBack() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<50_000 {
      let time = Timestamp(
        milliseconds: Int64.random(
          in: Timestamp.earliest.milliseconds...Timestamp.latest.milliseconds, using: &random))
      #expect(Timestamp(rfc3339: time.rfc3339) == time)
    }
  }

  @Test func offsetsAndFractionsCount() {
    let time = Timestamp(rfc3339: "2026-11-21T02:13:25.5Z")
    #expect(Timestamp(rfc3339: "2026-11-21T03:43:25.500+01:30") == time)
    #expect(Timestamp(rfc3339: "2026-11-20T21:13:25.5009-05:00") == time)
    #expect(Timestamp(rfc3339: "2026-11-21t02:13:25.5z") == time)
  }

  @Test(arguments: [
    "", "2026-11-21", "2026-11-21T02:13:25", "2026-11-21T02:13:25Zx", "2026-11-21 02:13:25Z",
    "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
    "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0100",
    "+026-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01", "2026-01-01T00:00:0٣Z",
    "2026-01-01T00:00:00Z\0",
  ])
  func whatNoCalendarHasIsRefused(_ text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test func addingNeverOverflows() {
    #expect(Timestamp.latest.adding(.milliseconds(1)) == nil)
    #expect(Timestamp.earliest.adding(.milliseconds(-1)) == nil)
    #expect(Timestamp(milliseconds: 0).adding(.seconds(Int64.max)) == nil)
    #expect(Timestamp(milliseconds: 1).adding(.seconds(1))?.milliseconds == 1_001)
  }
}
