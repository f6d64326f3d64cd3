import CardeaContracts
import CardeaPluginTestKit
import Testing

@Suite struct ReadOnlyKeyPolicyTests {
  static let promises = PolicyPromises(samples: [
    .passes(.sample(.sample())),
    .passes(.sample(.sample(metadata: ["read_only": .bool(true)]))),
    .denies(
      .sample(
        .sample(metadata: ["read_only": .bool(true)]),
        request: RequestFacts(method: "DELETE", path: "/orders/1")), code: "read_only_key"),
    .denies(
      .sample(
        .sample(metadata: ["read_only": .bool(true)]),
        request: RequestFacts(method: "", path: "")), code: "read_only_key"),
  ]) { ReadOnlyKeyPolicy() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
