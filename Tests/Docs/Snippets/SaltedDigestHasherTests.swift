import CardeaPluginTestKit
import Testing

@Suite struct SaltedDigestHasherTests {
  static let promises = HasherPromises {
    SaltedDigestHasher(primitives: SamplePrimitives())
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
