import CardeaContracts
import CardeaExtractors
import CardeaPluginTestKit
import Testing

@Suite struct HeaderExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { .headers(("X-API-Key", $0)) },
    repeating: { .headers(("X-API-Key", $0), ("x-api-key", $1)) },
    ignoring: [.headers(("X-API-Keys", sampleToken), ("Authorization", sampleToken))]
  ) { HeaderExtractor(name: "X-API-Key") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test(arguments: plainValues.indices) func extracts(_ index: Int) {
    let request = SampleRequest.headers(("x-api-key", plainValues[index].value))
    #expect(outcome(HeaderExtractor(name: "X-API-Key"), request) == plainValues[index].outcome)
  }

  @Test func refusesTheHeaderTwice() {
    let request = SampleRequest.headers(("X-Key", "a"), ("x-key", "a"))
    #expect(outcome(HeaderExtractor(name: "X-Key"), request) == .refused(.repeated))
  }

  @Test func hasAnIDForEachName() {
    #expect(HeaderExtractor(name: "X-API-Key").id == "extractor.header.x-api-key")
    #expect(HeaderExtractor(name: "x-api-key").id == HeaderExtractor(name: "X-API-KEY").id)
    #expect(HeaderExtractor(name: "X-KEYSMITH-TOKEN").id == "extractor.header.x-keysmith-token")
  }
}
