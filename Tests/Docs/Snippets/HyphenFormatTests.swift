import CardeaFormats
import CardeaPluginTestKit
import Testing

@Suite struct HyphenFormatTests {
  static let promises = TokenFormatPromises(others: { [KeysmithFormat(), UnderscoreFormat()] }) {
    HyphenFormat()
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
