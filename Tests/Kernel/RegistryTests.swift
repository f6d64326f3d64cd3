import CardeaKernel
import Testing

@Suite struct RegistryTests {
  @Test func everyFaultIsReportedAtOnce() {
    var configuration = KernelConfiguration()
    configuration.namespace = "a:b"
    configuration.secretLength = 8
    configuration.lease = .zero
    configuration.acceptedFormats = ["nope"]
    configuration.defaultScopes = ["with space"]
    let error = #expect(throws: ConfigurationFaults.self) {
      _ = try AuthKernel(Registry(), configuration: configuration)
    }
    let settings = Set((error?.faults ?? []).map(\.setting))
    #expect(
      settings == [
        "store", "primitives", "extract", "hash.preferred", "token.format", "token.accept",
        "token.namespace", "token.secret_length", "cache.lease", "scopes.default",
      ])
    for fault in error?.faults ?? [] { #expect(!fault.remedy.isEmpty) }
  }

  @Test func twoPluginsUnderOneIDAreAFaultThatNamesIt() async throws {
    let error = await #expect(throws: ConfigurationFaults.self) {
      _ = try await Rig { _ in
      } plugins: { registry in
        registry.use(NamedPolicy(id: "policy.twice"))
        registry.use(NamedPolicy(id: "policy.twice"))
      }
    }
    #expect(error?.faults.map(\.plugin) == ["policy.twice"])
  }

  private struct NamedPolicy: Policy {
    let id: String
    func evaluate(_ context: PolicyContext) -> PolicyDecision { .pass }
  }
}
