import CardeaPluginTestKit
import Testing

@Suite struct CallsLeftPolicyTests {
  static let promises = AsyncPolicyPromises(
    samples: [
      .passes(.sample(.sample(owner: "alice"))),
      .denies(.sample(.sample(owner: "eve")), code: "quota_exhausted"),
    ], unconcerned: [.sample()]
  ) {
    CallsLeftPolicy { owner in owner == "eve" ? 0 : 10 }
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
