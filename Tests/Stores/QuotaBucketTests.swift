import CardeaContracts
import CardeaSQLite
import Testing

@Suite("SQLite buckets of limits") struct QuotaBucketTests {
  @Test("buckets that are full again are forgotten")
  func forgetting() async throws {
    let folder = try Folder()
    let store = SQLiteStore(path: folder.path("keys.sqlite3"))
    try await store.open()
    // Full again a moment later.
    let brief = QuotaTerms(interval: 1, capacity: 100)
    let lasting = QuotaTerms(interval: 3_600_000_000_000, capacity: 36_000_000_000_000)
    let names = (0..<300).map { "bucket-\($0)" }
    _ = try await store.draw(names.map { QuotaDraw(bucket: $0, terms: brief, spent: 9) })
    _ = try await store.draw([QuotaDraw(bucket: "bucket-17x", terms: lasting, spent: 9)])
    #expect(try store.bucketCount() > 100)
    for _ in 0..<200 { _ = try await store.draw([]) }
    #expect(try store.bucketCount() == 1)
    let answer = try await store.draw([QuotaDraw(bucket: "bucket-17x", terms: lasting)])
    #expect(answer.grants[0].used > 8 * lasting.interval)
    await store.close()
  }

  @Test("what was counted outlives the process; what a closed store is asked is refused")
  func reopening() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let terms = QuotaTerms(interval: 3_600_000_000_000, capacity: 36_000_000_000_000)
    let store = SQLiteStore(path: path)
    try await store.open()
    _ = try await store.draw([QuotaDraw(bucket: "a", terms: terms, wanted: 7)])
    await store.close()
    await #expect(throws: StoreError.self) { _ = try await store.draw([]) }
    let again = SQLiteStore(path: path)
    try await again.open()
    let answer = try await again.draw([QuotaDraw(bucket: "a", terms: terms, wanted: 7)])
    #expect(answer.grants.map(\.units) == [3])
    await again.close()
  }
}
