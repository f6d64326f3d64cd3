import CardeaContracts
import CardeaPluginTestKit
import Testing

@Suite struct RevocationNoticeTests {
  static let promises = ListenerPromises(samples: [
    KeyRevoked(at: SystemClock().now(), actor: "cli", key: .sample(owner: "alice"))
  ]) { RevocationNotice { _ in } }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
