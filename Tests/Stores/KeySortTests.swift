import CardeaKernel
import CardeaTestSupport
import Foundation
import Testing

/// Sorted listings of many keys, beside a sort that knows no index: also where the search goes further along the
/// index than a store follows it.
@Suite("Sorted key listings") struct KeySortTests {
  private static let count = 6_000

  @Test("every order, filtered or not, from any place on", arguments: StoreKind.allCases)
  func orders(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let keys = try await fill(store, records)
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
        let sorted = keys.sorted { KeySortTests.precedes($0, $1, sort) }
        for (name, filter) in filters {
          var query = KeyQuery(now: records.time(500), limit: 7)
          query.sort = sort
          filter(&query)
          let matching = sorted.filter { query.takes($0) }
          // From the beginning, from one place in the middle and from near the end, three pages each.
          for start in [nil, sorted[1_500], sorted[KeySortTests.count - 20]] {
            query.after = start.map { KeyCursor(of: $0, in: sort) }
            let rest = matching.filter { key in
              start.map { KeySortTests.precedes($0, key, sort) } ?? true
            }
            var found: [UUID] = []
            var isLast = false
            for _ in 0..<3 where !isLast {
              let page = try await store.keys(query)
              found += page.items.map(\.key.id)
              query.after = page.cursor(in: sort)
              isLast = query.after == nil
            }
            #expect(
              found == rest.prefix(21).map(\.id),
              "\(sort.rawValue), \(name), after \(start?.name ?? "nothing")")
            #expect(isLast == (rest.count <= 21), "\(sort.rawValue), \(name)")
          }
        }
      }
    }
  }

  /// Many names and moments come often, two thirds of the keys once or twice, and six keys are rare.
  private func fill(_ store: any KeyStore, _ records: Records) async throws -> [KeyRecord] {
    var random = SplitMix64(seed: 4)
    var keys: [KeyRecord] = []
    for number in 0..<KeySortTests.count {
      var key = records.key(
        name: number % 3 == 0
          ? ["same", "SAME", "other", "\u{e9}t\u{e9}"].randomElement(using: &random) ?? ""
          : "\(Bool.random(using: &random) ? "n" : "N")\(Int.random(in: 0..<9_999, using: &random))",
        at: Int64(number))
      key.keyClass =
        number % 1_000 == 0 ? "rare" : Int.random(in: 0..<3, using: &random) > 0 ? "often" : "other"
      key.expiresAt =
        number % 5 == 0 ? nil : records.time(Int64.random(in: 0..<1_000, using: &random))
      key.status = number % 7 == 0 ? .suspended : .active
      keys.append(key)
    }
    let bulk = try #require(store as? any BulkKeyStore)
    for result in await bulk.commit(keys.map { records.insert($0) }) { _ = try result.get() }
    return keys
  }

  private static func precedes(_ left: KeyRecord, _ right: KeyRecord, _ sort: KeySort) -> Bool {
    let ids =
      sort.isDescending ? left.id.text > right.id.text : left.id.text < right.id.text
    switch sort {
    case .oldest, .newest: return ids
    case .name, .nameDescending:
      // Capitals are of ASCII here.
      let (first, second) = (Array(left.name.lowercased().utf8), Array(right.name.lowercased().utf8))
      if first == second { return ids }
      return first.lexicographicallyPrecedes(second) != sort.isDescending
    case .expiry, .expiryDescending:
      if left.expiresAt == right.expiresAt { return ids }
      guard let first = left.expiresAt else { return false }
      guard let second = right.expiresAt else { return true }
      return (first < second) != sort.isDescending
    }
  }
}
