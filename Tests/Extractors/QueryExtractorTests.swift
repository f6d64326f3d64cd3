import CardeaContracts
import CardeaExtractors
import CardeaPluginTestKit
import Testing

@Suite struct QueryExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { SampleRequest(queryItems: [SampleRequest.Field("api-key", $0)]) },
    repeating: {
      SampleRequest(
        queryItems: [SampleRequest.Field("api-key", $0), SampleRequest.Field("api-key", $1)])
    },
    ignoring: [
      SampleRequest(queryItems: [SampleRequest.Field("API-KEY", sampleToken)]),
      SampleRequest(formFields: [SampleRequest.Field("api-key", sampleToken)]),
      .headers(("api-key", sampleToken)),
    ]
  ) { QueryExtractor(name: "api-key") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test(arguments: plainValues.indices) func extracts(_ index: Int) {
    let field = SampleRequest.Field("api-key", plainValues[index].value)
    let found = outcome(QueryExtractor(name: "api-key"), SampleRequest(queryItems: [field]))
    #expect(found == plainValues[index].outcome)
  }

  @Test func hasAnIDForEachName() {
    #expect(QueryExtractor(name: "api-key").id == "extractor.query.api-key")
    #expect(QueryExtractor(name: "apiKey").id != QueryExtractor(name: "apikey").id)
  }
}
