import CardeaPluginTestKit
import Testing

@Suite struct CredentialsHeaderExtractorTests {
  static let promises = ExtractorPromises(
    carrying: { .headers(("X-Service-Credentials", "key=\($0)")) },
    repeating: {
      .headers(("X-Service-Credentials", "key=\($0)"), ("x-service-credentials", "key=\($1)"))
    }
  ) { CredentialsHeaderExtractor() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
