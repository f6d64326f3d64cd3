import CardeaFormats
import CardeaPluginTestKit
import Testing

@Suite struct KeysmithFormatTests {
  static let promises = TokenFormatPromises(others: { [UnderscoreFormat(), DottedFormat()] }) {
    KeysmithFormat()
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct UnderscoreFormatTests {
  static let promises = TokenFormatPromises(others: { [KeysmithFormat(), DottedFormat()] }) {
    UnderscoreFormat()
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct DottedFormatTests {
  static let promises = TokenFormatPromises(
    namespace: "drf", hasChecksum: false, others: { [KeysmithFormat(), UnderscoreFormat()] }
  ) { DottedFormat() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
