import CardeaLifecycle
import Foundation
import Testing

/// Listings of keys: every filter alone and together, newest first, page by page.
@Suite("Key listings") struct KeyListingTests {
  @Test("every filter, alone and together", arguments: StoreKind.allCases)
  func filters(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let owner = records.owner("ada")
      _ = try await store.commit(records.insert(owner))
      func add(_ name: String, at second: Int64, _ edit: (inout KeyRecord) -> Void = { _ in })
        async throws
      {
        var key = records.key(name: name, at: second)
        edit(&key)
        _ = try await store.commit(records.insert(key))
      }
      try await add("plain", at: 1)
      try await add("owned", at: 2) { $0.ownerID = owner.id }
      try await add("system", at: 3) { $0.kind = .system }
      try await add("classy", at: 4) { $0.keyClass = "internal" }
      try await add("scoped", at: 5) { $0.scopes = ["orders:*", "orders:read"] }
      try await add("expired", at: 6) { $0.expiresAt = records.time(1000) }
      try await add("expiring", at: 7) { $0.expiresAt = records.time(1001) }
      try await add("suspended", at: 8) {
        $0.status = .suspended
        $0.expiresAt = records.time(10)
      }
      try await add("revoked", at: 9) { $0.status = .revoked }
      try await add("purged", at: 10) { $0.status = .purged }
      try await add("DeScRiBeD", at: 11) { $0.description = "Ünder 100% of_it" }

      func names(_ filter: (inout KeyQuery) -> Void) async throws -> [String] {
        var query = KeyQuery(now: records.time(1000))
        filter(&query)
        let page = try await store.keys(query)
        #expect(page.next == nil)
        return page.items.map(\.key.name)
      }
      #expect(
        try await names { _ in } == [
          "DeScRiBeD", "purged", "revoked", "suspended", "expiring", "expired", "scoped", "classy",
          "system", "owned", "plain",
        ])
      #expect(try await names { $0.ownerID = owner.id } == ["owned"])
      #expect(try await names { $0.ownerID = records.id() } == [])
      #expect(try await names { $0.kind = .system } == ["system"])
      #expect(try await names { $0.keyClass = "internal" } == ["classy"])
      #expect(try await names { $0.scope = "orders:read" } == ["scoped"])
      #expect(try await names { $0.scope = "orders:write" } == [])
      #expect(try await names { $0.state = .expired } == ["expired"])
      #expect(try await names { $0.state = .suspended } == ["suspended"])
      #expect(try await names { $0.state = .revoked } == ["revoked"])
      #expect(try await names { $0.state = .purged } == ["purged"])
      #expect(try await names { $0.state = .active }.count == 7)
      #expect(
        try await names {
          $0.state = .active
          $0.expiresBefore = .latest
        } == ["expiring"])
      #expect(try await names { $0.createdFrom = records.time(10) } == ["DeScRiBeD", "purged"])
      #expect(try await names { $0.createdBefore = records.time(2) } == ["plain"])
      #expect(try await names { $0.expiresFrom = records.time(1000) } == ["expiring", "expired"])
      #expect(try await names { $0.expiresBefore = records.time(1000) } == ["suspended"])
      #expect(try await names { $0.text = "dEsCrIbEd" } == ["DeScRiBeD"])
      #expect(try await names { $0.text = "100% OF_IT" } == ["DeScRiBeD"])
      #expect(try await names { $0.text = "100%of" } == [])
      #expect(try await names { $0.text = "ünder" } == [])
      #expect(try await names { $0.text = "" }.count == 11)
      #expect(try await names { $0.text = "TOK_" }.count == 11)
      #expect(
        try await names {
          $0.text = "expir"
          $0.createdFrom = records.time(7)
          $0.kind = .user
          $0.keyClass = "default"
        } == ["expiring"])
    }
  }

  @Test("pages follow one another, whatever is added meanwhile", arguments: StoreKind.allCases)
  func paging(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      // Inserted out of order: the order is that of the ids.
      for second in (0..<25).map({ Int64($0 * 7 % 25) }) {
        _ = try await store.commit(records.insert(records.key(name: "\(second)", at: second)))
      }
      var query = KeyQuery(now: Records.start, limit: 10)
      var names: [String] = []
      var sizes: [Int] = []
      repeat {
        let page = try await store.keys(query)
        names += page.items.map(\.key.name)
        sizes.append(page.items.count)
        #expect(page.items.allSatisfy { $0.key.secrets.count == 1 })
        query.after = page.cursor(in: query.sort)
        _ = try await store.commit(records.insert(records.key(name: "new", at: 1000)))
      } while query.after != nil
      #expect(names == (0..<25).reversed().map { "\($0)" })
      #expect(sizes == [10, 10, 5])
    }
  }
}
