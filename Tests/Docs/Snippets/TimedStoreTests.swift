import CardeaMemoryStore
import CardeaPluginTestKit
import Testing

@Suite struct TimedStoreTests {
  static let promises = StorePromises {
    StoreUnderTest(TimedStore(MemoryStore()) { _, _ in })
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
