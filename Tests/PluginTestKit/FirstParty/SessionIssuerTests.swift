import Cardea
import CardeaPluginTestKit
import Testing

@Suite struct JWTSessionsTests {
  static let promises = SessionIssuerPromises {
    try JWTSessions(
      lifetime: .seconds(300), entries: 64, extractors: [], primitives: try SodiumPrimitives())
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct OpaqueSessionsTests {
  static let promises = SessionIssuerPromises {
    OpaqueSessions(
      lifetime: .seconds(300), entries: 64, extractors: [], primitives: try SodiumPrimitives())
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
