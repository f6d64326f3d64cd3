import CardeaLifecycle
import Foundation
import Testing

/// Owners: unique by kind and name, limited in keys without a race.
@Suite("Stored owners") struct OwnerTests {
  @Test("kind and name are unique together; compare-and-swap holds", arguments: StoreKind.allCases)
  func uniqueness(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let owner = records.owner("ada")
      _ = try await store.commit(records.insert(owner))
      #expect(
        await refusal(of: records.insert(records.owner("ada")), by: store)
          == .duplicate(field: "owner"))
      let twin = OwnerRecord(id: owner.id, kind: .user, name: "eve", createdAt: Records.start)
      #expect(await refusal(of: records.insert(twin), by: store) == .duplicate(field: "id"))
      _ = try await store.commit(records.insert(records.owner("ada", kind: .system)))
      _ = try await store.commit(records.insert(records.owner("Ada")))
      let edited = records.replace(owner) {
        $0.disabled = true
        $0.maxKeys = 3
        $0.metadata = ["team": .string("a")]
      }
      _ = try await store.commit(edited)
      #expect(try await store.owner(id: owner.id) == edited.owner?.record)
      #expect(await refusal(of: edited, by: store) == .conflict)
    }
  }

  @Test("a key's owner comes with it, as it is now", arguments: StoreKind.allCases)
  func keysSeeTheirOwner(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let owner = records.owner("ada")
      _ = try await store.commit(records.insert(owner))
      let key = records.key(ownerID: owner.id)
      _ = try await store.commit(records.insert(key))
      _ = try await store.commit(records.replace(owner) { $0.disabled = true })
      #expect(try await store.find(prefix: key.prefix)?.owner?.disabled == true)
    }
  }

  @Test("the key limit holds against 64 tasks", arguments: StoreKind.allCases)
  func limitUnderRace(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let owner = records.owner("ada", maxKeys: 7)
      _ = try await store.commit(records.insert(owner))
      let outcomes = await withTaskGroup(of: Result<Int64, StoreError>.self) { group in
        for _ in 0..<64 {
          group.addTask {
            await result { () async throws(StoreError) in
              try await store.commit(records.insert(records.key(ownerID: owner.id)))
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(outcomes.filter { $0 == .failure(.ownerLimit(7)) }.count == 57)
      #expect(try await store.keys(query(ownerID: owner.id)).items.count == 7)
      #expect(try await verifiedLog(of: store, records.chain).count == 8)
    }
  }

  @Test("revoked and purged keys do not count, suspended ones do", arguments: StoreKind.allCases)
  func whatCounts(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let owner = records.owner("ada", maxKeys: 1)
      let other = records.owner("eve", maxKeys: 0)
      // The limit of an owner that comes with its first key holds at once.
      var both = records.insert(records.key(ownerID: other.id))
      both.owner = .insert(other)
      #expect(await refusal(of: both, by: store) == .ownerLimit(0))
      #expect(try await store.owner(id: other.id) == nil)
      _ = try await store.commit(records.insert(other))

      let key = records.key(ownerID: owner.id)
      var change = records.insert(key)
      change.owner = .insert(owner)
      _ = try await store.commit(change)
      func insertAnother() async throws(StoreError) -> KeyRecord {
        let another = records.key(ownerID: owner.id)
        _ = try await store.commit(records.insert(another))
        return another
      }
      _ = try await store.commit(records.replace(key) { $0.status = .suspended })
      #expect(
        await refusal { () async throws(StoreError) in _ = try await insertAnother() }
          == .ownerLimit(1))
      var revoked = key
      revoked.revision = 2
      _ = try await store.commit(records.replace(revoked) { $0.status = .revoked })
      let another = try await insertAnother()
      // A replace that makes a key count again, or count for another owner, is held to the limit too.
      revoked.revision = 3
      #expect(
        await refusal(of: records.replace(revoked) { $0.status = .active }, by: store)
          == .ownerLimit(1))
      #expect(
        await refusal(of: records.replace(another) { $0.ownerID = other.id }, by: store)
          == .ownerLimit(0))
      // An edit of a key that counts already is not.
      _ = try await store.commit(records.replace(another) { $0.name = "edited" })
    }
  }

  @Test("owners are listed by kind and name, page by page", arguments: StoreKind.allCases)
  func listing(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      for name in ["c", "a", "b", "B"] {
        for kind in OwnerRecord.Kind.allCases {
          _ = try await store.commit(records.insert(records.owner(name, kind: kind)))
        }
      }
      var names: [String] = []
      var query = OwnerQuery(limit: 5)
      var pages = 0
      repeat {
        let page = try await store.owners(query)
        names += page.items.map { "\($0.kind.rawValue) \($0.name)" }
        query.after = page.next
        pages += 1
      } while query.after != nil
      #expect(pages == 3)
      #expect(
        names
          == ["organization", "system", "user"].flatMap { kind in
            ["B", "a", "b", "c"].map { "\(kind) \($0)" }
          })
      #expect(
        try await store.owners(OwnerQuery(kind: .system)).items.map(\.name) == ["B", "a", "b", "c"])
      #expect(try await store.owners(OwnerQuery(name: "b")).items.count == 3)
      #expect(try await store.owners(OwnerQuery(kind: .user, name: "b")).items.count == 1)
      #expect(try await store.owners(OwnerQuery(limit: 12)).next == nil)
    }
  }

  private func query(ownerID: UUID) -> KeyQuery {
    var query = KeyQuery(now: Records.start)
    query.ownerID = ownerID
    return query
  }
}
