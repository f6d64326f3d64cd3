import CardeaLifecycle
import Foundation
import Testing

/// The signal log: with the change or not at all, chained, contiguous, erasable.
@Suite("Signal log in stores") struct SignalLogTests {
  @Test(
    "a change's entries are appended in order and read back equal", arguments: StoreKind.allCases)
  func entries(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      #expect(try await store.logHead() == .empty)
      #expect(try await store.log(after: 0, limit: 10).isEmpty)
      let owner = records.owner("ada")
      let key = records.key(ownerID: owner.id)
      let drafts = [
        records.draft("owner_created", owner: owner), records.draft("key_created", key: key),
      ]
      var change = records.change(drafts)
      change.owner = .insert(owner)
      change.key = .insert(key)
      #expect(try await store.commit(change) == 2)
      #expect(try await store.log(after: 0, limit: 10) == change.entries(after: .empty))
      #expect(try await store.log(after: 1, limit: 10).map(\.signal) == ["key_created"])
      #expect(try await store.log(after: 0, limit: 1).map(\.position) == [1])
      #expect(try await store.log(after: -5, limit: 1).map(\.position) == [1])
      #expect(try await store.log(after: 2, limit: 10).isEmpty)
      #expect(try await store.log(after: .max, limit: 10).isEmpty)
      #expect(try await store.log(after: 0, limit: 0).isEmpty)
      // A change without entries returns the head's position.
      #expect(try await store.commit(records.change()) == 2)
      try await verifiedLog(of: store, records.chain)
    }
  }

  @Test(
    "a refused change leaves no record, no entry and the head as it was",
    arguments: StoreKind.allCases)
  func rollback(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let key = records.key()
      _ = try await store.commit(records.insert(key))
      let head = try await store.logHead()
      // Owner and key would do; the re-hash, which comes last, does not.
      let owner = records.owner("ada")
      var change = records.insert(records.key(prefix: "tok_never", ownerID: owner.id))
      change.owner = .insert(owner)
      change.idempotency = IdempotencyRecord(
        actor: "cli", key: "k", bodyDigest: [], keyID: key.id, usedAt: SystemClock().now())
      change.erasesLogOf = key.id
      change.rehash = .init(
        prefix: key.prefix, secretID: key.secrets[0].id, from: EncodedHash("wrong"),
        to: EncodedHash("new"))
      #expect(await refusal(of: change, by: store) == .conflict)
      #expect(try await store.find(prefix: "tok_never") == nil)
      #expect(try await store.owner(id: owner.id) == nil)
      #expect(try await store.idempotency(actor: "cli", key: "k") == nil)
      #expect(try await store.logHead() == head)
      #expect(try await verifiedLog(of: store, records.chain).allSatisfy { $0.payload != nil })
      #expect(try await store.find(id: key.id)?.key == key)
    }
  }

  @Test(
    "purge erases the payloads of that key alone, and the chain still verifies",
    arguments: StoreKind.allCases)
  func purge(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let key = records.key()
      let other = records.key()
      for change in [
        records.insert(key), records.insert(other), records.replace(key) { $0.name = "edited" },
      ] {
        _ = try await store.commit(change)
      }
      var purged = key
      purged.revision = 2
      var purge = records.replace(purged) {
        $0.status = .purged
        $0.name = ""
        $0.secrets = []
      }
      purge.erasesLogOf = key.id
      #expect(try await store.commit(purge) == 4)
      let entries = try await verifiedLog(of: store, records.chain)
      #expect(entries.map { $0.payload != nil } == [false, true, false, true])
      #expect(entries.map { $0.salt != nil } == [false, true, false, true])
    }
  }

  @Test("the chain shows an edit, a swap, a gap and a cut", arguments: StoreKind.allCases)
  func tampering(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      for _ in 0..<4 { _ = try await store.commit(records.insert(records.key())) }
      let entries = try await verifiedLog(of: store, records.chain)
      let first = LogHead(position: 1, hash: entries[0].hash)
      #expect(records.chain.follows(entries[1], first))
      #expect(!records.chain.follows(entries[2], first))
      let edited = LogEntry(
        position: 2, signal: entries[1].signal, at: entries[1].at, keyID: entries[1].keyID,
        prefix: entries[1].prefix, ownerID: nil, payload: Array("{}".utf8), salt: entries[1].salt,
        payloadDigest: entries[1].payloadDigest, hash: entries[1].hash)
      #expect(!records.chain.follows(edited, first))
      #expect(try await store.logHead().position == 4)
    }
  }

  @Test("1,000 changes at once: all there, positions without a gap", arguments: StoreKind.allCases)
  func concurrentChanges(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let positions = try await withThrowingTaskGroup(of: Int64.self) { group in
        for _ in 0..<1000 {
          group.addTask { try await store.commit(records.insert(records.key())) }
        }
        return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
      }
      #expect(positions == Set(1...1000))
      let entries = try await verifiedLog(of: store, records.chain)
      #expect(entries.count == 1000)
      for entry in entries {
        let prefix = try #require(entry.prefix)
        #expect(try await store.find(prefix: prefix)?.key.id == entry.keyID)
      }
    }
  }
}
