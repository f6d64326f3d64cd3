import CardeaContracts
import CardeaTestSupport
import Testing

@testable import CardeaCache

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct CacheTableTests {
  private func entry(_ digest: Digest128) -> KnownToken {
    let key = KeyRecord(
      id: UUID(), prefix: "tok_\(digest.high)", name: "t", format: "keysmith",
      createdAt: Timestamp(milliseconds: 0), createdBy: "t", secrets: [])
    return KnownToken(StoredKey(key: key), digest: digest, stamp: .none, match: nil)
  }

  @Test func itHoldsItsCapacityAndNeverMuchMore() {
    var random = SplitMix64(seed: 1)
    let table = CacheTable(capacity: 10_000)
    let digests = (0..<10_000).map { _ in Digest128(low: random.next(), high: random.next()) }
    for digest in digests { table.insert(entry(digest)) }
    let found = digests.filter { table.find($0)?.digest == $0 }.count
    #expect(found > 9_980, "a cache of n entries holds n keys but for an unlucky shard")
    for _ in 0..<100_000 {
      table.insert(entry(Digest128(low: random.next(), high: random.next())))
    }
    #expect((10_000...10_000 * 9 / 8 + 2 * 64).contains(table.count))
  }

  /// Of each of the 64 shards: its share, an eighth of that, and one.
  @Test(arguments: [(1, 128), (64, 128), (65, 192), (1_024, 1_216)])
  func everyShardHoldsItsShare(_ capacity: Int, _ most: Int) {
    var random = SplitMix64(seed: 3)
    let table = CacheTable(capacity: capacity)
    for _ in 0..<20_000 {
      table.insert(entry(Digest128(low: random.next(), high: random.next())))
    }
    #expect(table.count == most)
  }

  /// Colliding homes, replacement and eviction against a plain dictionary.
  @Test func whatItFindsIsWhatWasPutThere() {
    var random = SplitMix64(seed: 2)
    let table = CacheTable(capacity: 640)
    for _ in 0..<200_000 {
      // Few homes in few shards, so that probes are long.
      let digest = Digest128(low: random.next() & 0x1FFF, high: 1 + (random.next() & 3))
      if random.next() & 1 == 0 {
        table.insert(entry(digest))
        #expect(table.find(digest)?.digest == digest)
      } else if let found = table.find(digest) {
        #expect(found.digest == digest)
      }
    }
    // What it counts it can find: nothing was lost behind an entry that was taken out.
    let all = (0...UInt64(0x1FFF)).flatMap { low in (1...4).map { Digest128(low: low, high: $0) } }
    #expect(all.filter { table.find($0) != nil }.count == table.count)
  }

  /// Those that stand behind it because their homes are the same move up; it alone is gone.
  @Test func whatGivesWayTakesNobodyWithIt() {
    // Three places in each shard; all of these have one home there.
    let table = CacheTable(capacity: 128)
    let digests = (1...4).map { Digest128(low: 5 << 6, high: $0) }
    for digest in digests.prefix(3) { table.insert(entry(digest)) }
    for digest in digests[1...2] { #expect(table.find(digest) != nil) }
    table.insert(entry(digests[3]))
    #expect(table.find(digests[0]) == nil)
    for digest in digests[1...3] { #expect(table.find(digest)?.digest == digest) }
    #expect(table.count == 3)
  }

  /// Who is seen all the time is rarely taken out, and whoever is not gives way: of twelve places in a shard one is
  /// taken out with each that comes.
  @Test func whatIsUsedIsKept() {
    var random = SplitMix64(seed: 4)
    let table = CacheTable(capacity: 640)
    let (used, unused) = (Digest128(low: 64, high: 1), Digest128(low: 128, high: 1))
    for digest in [used, unused] { table.insert(entry(digest)) }
    var missed = 0
    for _ in 0..<20_000 {
      table.insert(entry(Digest128(low: random.next() & ~63, high: random.next())))
      if table.find(used) == nil {
        table.insert(entry(used))
        missed += 1
      }
    }
    #expect(missed < 400, "without a second chance 20,000 in 12")
    #expect(table.find(unused) == nil)
  }

  @Test func whatWasThereIsReplaced() throws {
    let table = CacheTable(capacity: 64)
    let digest = Digest128(low: 1, high: 2)
    #expect(!table.replace(entry(digest)) && table.find(digest) == nil)
    table.insert(entry(digest))
    let new = entry(digest)
    #expect(table.replace(new) && table.find(digest) === new)
    #expect(table.count == 1)
  }

  @Test func aCapacityOfNothingKeepsNothing() {
    let table = CacheTable(capacity: 0)
    let digest = Digest128(low: 1, high: 2)
    table.insert(entry(digest))
    #expect(!table.replace(entry(digest)))
    #expect(table.find(digest) == nil && table.count == 0)
  }
}
