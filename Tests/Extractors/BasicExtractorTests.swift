import CardeaContracts
import CardeaExtractors
import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct BasicExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { authorization("Basic \(encoded("user:\($0)"))") },
    repeating: {
      .headers(
        ("Authorization", "Basic \(encoded("user:\($0)"))"),
        ("Authorization", "Basic \(encoded("user:\($1)"))"))
    },
    ignoring: [authorization("Bearer \(encoded("user:abc"))")]
  ) { BasicExtractor() }.all

  static func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test("Any user name, and a token with a colon", arguments: ["", "u", "user", "a b", "\u{e9}"])
  func findsThePassword(_ user: String) {
    for scheme in ["Basic", "basic", "BASIC"] {
      let request = authorization("\(scheme) \(Self.encoded("\(user):\(sampleToken)"))")
      #expect(outcome(BasicExtractor(), request) == .value(sampleToken))
    }
  }

  /// Every length modulo three, so every kind of padding.
  @Test func decodesEveryLength() {
    for length in 1...64 {
      let password = String((0..<length).map { Character(Unicode.Scalar(0x30 + UInt8($0 % 75))) })
        .replacingOccurrences(of: ",", with: ".")
      let request = authorization("Basic \(Self.encoded(":" + password))")
      #expect(outcome(BasicExtractor(), request) == .value(password))
    }
  }

  @Test(
    "Refused",
    arguments: [
      ("Basic", .malformed), ("Basic ", .malformed), ("Basic YTpi YTpi", .malformed),
      ("Basic YWJj", .malformed), ("Basic YWJjOg==", .malformed), ("Basic YTpiYw=", .malformed),
      ("Basic YTpiYw", .malformed), ("Basic YTpiYx==", .malformed), ("Basic YTpiYw===", .malformed),
      ("Basic YT=iYw==", .malformed), ("Basic YTpi====", .malformed), ("Basic =", .malformed),
      ("Basic YTpi_w==", .malformed), ("Basic YTpi\u{e9}w==", .malformed), ("Basic A", .malformed),
      ("Basic \(encoded("u:a b"))", .notASCII), ("Basic \(encoded("u:a\u{0}"))", .notASCII),
      ("Basic \(encoded("u:a,b"))", .repeated),
      ("Basic \(encoded("u:" + String(repeating: "t", count: 513)))", .tooLong),
    ] as [(String, ExtractionRefusal)])
  func refuses(_ value: String, _ refusal: ExtractionRefusal) {
    #expect(outcome(BasicExtractor(), authorization(value)) == .refused(refusal))
  }

  @Test func hasItsID() { #expect(BasicExtractor().id == "extractor.basic") }
}
