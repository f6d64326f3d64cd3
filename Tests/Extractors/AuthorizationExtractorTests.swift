import CardeaContracts
import CardeaExtractors
import CardeaPluginTestKit
import Testing

@Suite struct AuthorizationExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { authorization("Api-Key \($0)") },
    repeating: {
      .headers(("Authorization", "Api-Key \($0)"), ("Authorization", "Api-Key \($1)"))
    },
    ignoring: [authorization("Bearer abc"), .headers(("X-Authorization", "Api-Key abc"))]
  ) { AuthorizationExtractor(scheme: "Api-Key") }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test(
    "Value",
    arguments: [
      "Api-Key \(sampleToken)", "api-key \(sampleToken)", "API-KEY \(sampleToken)",
      "Api-Key\t\(sampleToken)", "Api-Key  \t \(sampleToken)", " Api-Key \(sampleToken)",
      "Api-Key \(sampleToken) ", "\tApi-Key\t\(sampleToken)\t",
    ])
  func finds(_ value: String) {
    #expect(
      outcome(AuthorizationExtractor(scheme: "Api-Key"), authorization(value))
        == .value(sampleToken))
  }

  @Test(
    "None",
    arguments: [
      "", " ", "Bearer \(sampleToken)", "Token \(sampleToken)", sampleToken,
      "Api-Keys \(sampleToken)",
      "Api-Ke \(sampleToken)", "Api", "Bearer", "Api-Key,Bearer \(sampleToken)", "Api\u{2011}Key x",
      "\u{212A}ey x", "Digest username=\"a\", realm=\"b\"", "Basic YTpi, Api-Key x",
    ])
  func findsNone(_ value: String) {
    #expect(outcome(AuthorizationExtractor(scheme: "Api-Key"), authorization(value)) == .none)
  }

  @Test(
    "Refused",
    arguments: [
      ("Api-Key", .malformed), ("Api-Key ", .malformed), ("api-key \t ", .malformed),
      ("Api-Key \(sampleToken) \(sampleToken)", .malformed), ("Api-Key a b", .malformed),
      ("Api-Key a, b", .malformed), ("Api-Key a,b", .repeated), ("Api-Key \u{e9}", .notASCII),
      ("Api-Key a\u{0}", .notASCII), ("Api-Key a\n", .notASCII), ("Api-Key a\u{a0}b", .notASCII),
      ("Api-Key \(String(repeating: "t", count: 513))", .tooLong),
    ] as [(String, ExtractionRefusal)])
  func refuses(_ value: String, _ refusal: ExtractionRefusal) {
    #expect(
      outcome(AuthorizationExtractor(scheme: "Api-Key"), authorization(value)) == .refused(refusal))
  }

  /// Which of the two is meant is not for an extractor to choose, whatever their schemes.
  @Test(arguments: ["Api-Key", "Bearer", "Basic"]) func refusesTwoFields(_ scheme: String) {
    let request = SampleRequest.headers(
      ("Authorization", "\(scheme) abc"), ("authorization", "Basic YTpi"))
    #expect(outcome(AuthorizationExtractor(scheme: "Api-Key"), request) == .refused(.repeated))
  }

  @Test func matchesNothingWithoutAScheme() {
    for value in ["", " ", "abc", "Api-Key abc"] {
      #expect(outcome(AuthorizationExtractor(scheme: ""), authorization(value)) == .none)
    }
  }

  @Test func hasAnIDForEachScheme() {
    #expect(AuthorizationExtractor(scheme: "Api-Key").id == "extractor.authorization.api-key")
    #expect(AuthorizationExtractor(scheme: "BEARER").id == "extractor.authorization.bearer")
  }
}
