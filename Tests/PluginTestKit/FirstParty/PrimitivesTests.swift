import CardeaPluginTestKit
import CardeaSodium
import Testing

@Suite struct SodiumPrimitivesTests {
  static let promises = PrimitivesPromises { try SodiumPrimitives() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
