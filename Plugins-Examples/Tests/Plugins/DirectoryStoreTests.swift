import CardeaPluginTestKit
import DirectoryStore
import Testing

@Suite struct DirectoryStoreTests {
  static let promises = StorePromises(powers: [.persists, .survivesKill, .shared]) {
    let folder = Folder()
    return StoreUnderTest(
      DirectoryStore(path: folder.path), again: { DirectoryStore(path: folder.path) },
      remove: { folder.remove() })
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
