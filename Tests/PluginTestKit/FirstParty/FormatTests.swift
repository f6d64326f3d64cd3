import CardeaFormats
import CardeaPluginTestKit
import Testing

@Suite struct KeysmithFormatTests {
  static let promises = TokenFormatPromises(others: { [UnderscoreFormat()] }) {
    KeysmithFormat()
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct UnderscoreFormatTests {
  static let promises = TokenFormatPromises(others: { [KeysmithFormat()] }) {
    UnderscoreFormat()
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
