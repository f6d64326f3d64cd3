import CardeaPluginTestKit
import CardeaSodium
import Testing

@Suite struct MixedPrimitivesTests {
  static let promises = PrimitivesPromises {
    MixedPrimitives(try SodiumPrimitives())
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
