import Cardea
import CardeaPluginTestKit
import DashedFormat
import Testing

@Suite struct DashedFormatTests {
  static let promises = TokenFormatPromises(others: { [KeysmithFormat(), UnderscoreFormat()] }) {
    DashedFormat()
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
