import CardeaLifecycle
import CardeaTestSupport
import Foundation
import Testing

/// Sorted listings of many keys, beside a sort that knows no index: also where the search goes further along the
/// index than a store follows it.
@Suite("Sorted key listings") struct KeySortTests {
  @Test("every order, filtered or not, from any place on", arguments: StoreKind.allCases)
  func orders(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      // More than SQLite follows an index for.
      let count = kind == .sqlite ? 5_000 : 500
      let keys = try await fill(store, records, count)
      let filters: [(String, @Sendable (inout KeyQuery) -> Void)] = [
        ("none", { _ in }), ("a frequent class", { $0.keyClass = "often" }),
        ("a rare class", { $0.keyClass = "rare" }), ("no class", { $0.keyClass = "never" }),
        ("active", { $0.state = .active }), ("expired", { $0.state = .expired }),
        ("suspended", { $0.state = .suspended }),
        (
          "a span of expiry",
          {
            $0.expiresFrom = records.time(300)
            $0.expiresBefore = records.time(310)
          }
        ),
      ]
      for sort in KeySort.allCases {
        let sorted = keys.sorted { KeySortTests.precedes($0, $1, sort) }.map(\.key)
        for (name, filter) in filters {
          var query = KeyQuery(now: records.time(500), limit: 7)
          query.sort = sort
          filter(&query)
          let fitting = sorted.map { query.takes($0) }
          // From the beginning, from one place in the middle and from near the end, three pages each.
          for start in [nil, count / 4, count - 20] {
            query.after = start.map { KeyCursor(of: sorted[$0], in: sort) }
            let rest = ((start.map { $0 + 1 } ?? 0)..<count).filter { fitting[$0] }
            var found: [UUID] = []
            var isLast = false
            for _ in 0..<3 where !isLast {
              let page = try await store.keys(query)
              found += page.items.map(\.key.id)
              query.after = page.cursor(in: sort)
              isLast = query.after == nil
            }
            #expect(
              found == rest.prefix(21).map { sorted[$0].id },
              "\(sort.rawValue), \(name), after \(start ?? -1)")
            #expect(isLast == (rest.count <= 21), "\(sort.rawValue), \(name)")
          }
        }
      }
    }
  }

  /// A key, and what the sort looks at.
  private struct Entry {
    let key: KeyRecord
    let id: [UInt8]
    let name: [UInt8]

    init(_ key: KeyRecord) {
      self.key = key
      id = Array(key.id.text.utf8)
      // Capitals are of ASCII here.
      name = Array(key.name.lowercased().utf8)
    }
  }

  /// Many names and moments come often, two thirds of the keys once or twice, and few keys are rare.
  private func fill(
    _ store: any KeyStore, _ records: Records, _ count: Int
  ) async throws -> [Entry] {
    var random = SplitMix64(seed: 4)
    var keys: [KeyRecord] = []
    for number in 0..<count {
      var key = records.key(
        name: number % 3 == 0
          ? ["same", "SAME", "other", "\u{e9}t\u{e9}"].randomElement(using: &random) ?? ""
          : "\(Bool.random(using: &random) ? "n" : "N")\(Int.random(in: 0..<9_999, using: &random))",
        at: Int64(number))
      key.keyClass =
        number % (count / 5) == 0
        ? "rare" : Int.random(in: 0..<3, using: &random) > 0 ? "often" : "other"
      key.expiresAt =
        number % 5 == 0 ? nil : records.time(Int64.random(in: 0..<1_000, using: &random))
      key.status = number % 7 == 0 ? .suspended : .active
      keys.append(key)
    }
    let bulk = try #require(store as? any BulkKeyStore)
    for result in await bulk.commit(keys.map { records.insert($0) }) { _ = try result.get() }
    return keys.map(Entry.init)
  }

  private static func precedes(_ left: Entry, _ right: Entry, _ sort: KeySort) -> Bool {
    let ids =
      sort.isDescending
      ? right.id.lexicographicallyPrecedes(left.id) : left.id.lexicographicallyPrecedes(right.id)
    switch sort {
    case .oldest, .newest: return ids
    case .name, .nameDescending:
      if left.name == right.name { return ids }
      return left.name.lexicographicallyPrecedes(right.name) != sort.isDescending
    case .expiry, .expiryDescending:
      if left.key.expiresAt == right.key.expiresAt { return ids }
      guard let first = left.key.expiresAt else { return false }
      guard let second = right.key.expiresAt else { return true }
      return (first < second) != sort.isDescending
    }
  }
}
