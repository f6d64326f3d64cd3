import CardeaContracts
import CardeaExtractors
import CardeaPluginTestKit
import Testing

@Suite struct FormExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { SampleRequest(formFields: [SampleRequest.Field("token", $0)]) },
    repeating: {
      SampleRequest(formFields: [
        SampleRequest.Field("token", $0), SampleRequest.Field("token", $1),
      ])
    },
    ignoring: [
      SampleRequest(formFields: [SampleRequest.Field("Token", sampleToken)]),
      SampleRequest(queryItems: [SampleRequest.Field("token", sampleToken)]),
    ]
  ) { FormExtractor(name: "token") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test(arguments: plainValues.indices) func extracts(_ index: Int) {
    let field = SampleRequest.Field("token", plainValues[index].value)
    let found = outcome(FormExtractor(name: "token"), SampleRequest(formFields: [field]))
    #expect(found == plainValues[index].outcome)
  }

  @Test func hasAnIDForEachName() {
    #expect(FormExtractor(name: "token").id == "extractor.form.token")
  }
}
