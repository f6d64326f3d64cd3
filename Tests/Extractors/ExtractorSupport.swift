import CardeaContracts
import CardeaPluginTestKit
import Testing

let sampleToken = "tok_XjyedQAT:F86dfb3IPnieGW3oeZ8kUbUPQq9KSNKp685533"

/// The three outcomes of an extractor.
enum Outcome: Equatable {
  case value(String)
  case none
  case refused(ExtractionRefusal)
}

func outcome(_ extractor: some CredentialExtractor, _ request: SampleRequest) -> Outcome {
  do throws(ExtractionRefusal) {
    return try extractor.token(in: request).map { .value($0.reveal()) } ?? .none
  } catch {
    return .refused(error)
  }
}

/// A request with this `Authorization`.
func authorization(_ value: String) -> SampleRequest { .headers(("Authorization", value)) }

/// What every extractor of one plain value does with it.
let plainValues: [(value: String, outcome: Outcome)] = [
  (sampleToken, .value(sampleToken)),
  ("", .none),
  (String(repeating: "t", count: 512), .value(String(repeating: "t", count: 512))),
  (String(repeating: "t", count: 513), .refused(.tooLong)),
  ("a,b", .refused(.repeated)),
  ("a b", .refused(.notASCII)),
  (" a", .refused(.notASCII)),
  ("t\u{f6}k", .refused(.notASCII)),
  ("tok\u{0}", .refused(.notASCII)),
  ("tok\r\n", .refused(.notASCII)),
  ("tok\u{7f}", .refused(.notASCII)),
]
