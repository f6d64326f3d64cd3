import CardeaPluginTestKit
import Testing

@Suite struct TicketSessionsTests {
  static let promises = SessionIssuerPromises {
    TicketSessions(primitives: SamplePrimitives())
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
