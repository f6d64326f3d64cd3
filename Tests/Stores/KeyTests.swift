import CardeaLifecycle
import Foundation
import Testing

/// Keys and their secrets: what is written is found, and of two writers one wins.
@Suite("Stored keys") struct KeyTests {
  @Test(
    "an inserted key is found by prefix and by id, equal in every field",
    arguments: StoreKind.allCases)
  func roundTrip(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let owner = records.owner("ada", kind: .organization, maxKeys: 5)
      var key = records.key(
        name: "Schlüssel \u{1F511} with \"quotes\"\n and a NUL \(kind.hardest) inside",
        ownerID: owner.id,
        secrets: [records.secret("old$1$a$b"), records.secret("new$2$c$d", at: 5)])
      key.description = "e\u{301}"
      key.keyClass = "internal"
      key.kind = .system
      key.scopes = ["orders:read", "back\\slash", "orders:*"]
      key.status = .suspended
      key.expiresAt = records.time(90)
      key.lastUsedAt = records.time(7)
      key.secrets[0].endsAt = records.time(60)
      key.secrets[0].lastUsedAt = records.time(6)
      key.metadata = [
        "text": .string("a\u{0}b"), "whole": .integer(.max), "part": .number(0.25),
        "list": .array([.null, .bool(true)]), "nested": .object(["a": .object([:])]),
      ]
      var change = records.insert(key)
      change.owner = .insert(owner)
      #expect(try await store.commit(change) == 1)
      let stored = StoredKey(key: key, owner: owner)
      #expect(try await store.find(prefix: key.prefix) == stored)
      #expect(try await store.find(id: key.id) == stored)
      #expect(try await store.owner(id: owner.id) == owner)
      #expect(try await store.owner(kind: .organization, name: "ada") == owner)
      #expect(try await store.owner(kind: .user, name: "ada") == nil)
    }
  }

  @Test(
    "lookup compares bytes: no canonical equivalence, no end at a NUL",
    arguments: StoreKind.allCases)
  func lookupIsByBytes(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let composed = records.key(prefix: "tok_\u{E9}")
      let decomposed = records.key(prefix: "tok_e\u{301}")
      let long = records.key(prefix: "tok_a\(kind.hardest)b")
      for key in [composed, decomposed, long] { _ = try await store.commit(records.insert(key)) }
      #expect(try await store.find(prefix: composed.prefix)?.key.id == composed.id)
      #expect(try await store.find(prefix: decomposed.prefix)?.key.id == decomposed.id)
      #expect(try await store.find(prefix: long.prefix)?.key.id == long.id)
      for unknown in ["tok_a", "tok_a\0", "tok_a\0c", "TOK_A\0B", "", "%", "'"] {
        #expect(try await store.find(prefix: unknown) == nil)
      }
    }
  }

  @Test(
    "a taken prefix and a taken id are refused, and nothing is written",
    arguments: StoreKind.allCases)
  func duplicates(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let key = records.key()
      _ = try await store.commit(records.insert(key))
      #expect(
        await refusal(of: records.insert(records.key(prefix: key.prefix)), by: store)
          == .duplicate(field: "prefix"))
      let twin = KeyRecord(
        id: key.id, prefix: "tok_other", name: "twin", format: "keysmith", createdAt: Records.start,
        createdBy: "cli", secrets: [records.secret()])
      #expect(await refusal(of: records.insert(twin), by: store) == .duplicate(field: "id"))
      #expect(try await store.find(prefix: "tok_other") == nil)
      #expect(try await store.logHead().position == 1)
    }
  }

  @Test("of two changes of one revision one wins", arguments: StoreKind.allCases)
  func compareAndSwap(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let key = records.key()
      _ = try await store.commit(records.insert(key))
      for round in 0..<50 {
        let stored = try #require(try await store.find(id: key.id)?.key)
        let outcomes = await withTaskGroup(of: Result<Int64, StoreError>.self) { group in
          for writer in 0..<2 {
            group.addTask {
              await result { () async throws(StoreError) in
                try await store.commit(records.replace(stored) { $0.name = "\(round)-\(writer)" })
              }
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == .failure(.conflict) }.count == 1)
        #expect(outcomes.contains(.success(Int64(round) + 2)))
      }
      #expect(try await store.find(id: key.id)?.key.revision == 51)
    }
  }

  @Test(
    "a replace of a key that does not exist, or under another prefix, is a conflict",
    arguments: StoreKind.allCases)
  func replaceOfNothing(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      #expect(await refusal(of: records.replace(records.key()), by: store) == .conflict)
      #expect(
        await refusal(of: records.insert(records.key(ownerID: records.id())), by: store)
          == .conflict)
      #expect(await refusal(of: records.replace(records.owner("nobody")), by: store) == .conflict)
      #expect(try await store.logHead() == .empty)
    }
  }

  @Test(
    "a replace changes every field that may change, secrets included", arguments: StoreKind.allCases
  )
  func replace(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let owner = records.owner("ada")
      _ = try await store.commit(records.insert(owner))
      let key = records.key()
      _ = try await store.commit(records.insert(key))
      let rotated = records.secret("new$1$a$b", at: 9)
      var wanted = key
      wanted.name = "other"
      wanted.description = "described"
      wanted.kind = .system
      wanted.keyClass = "internal"
      wanted.ownerID = owner.id
      wanted.scopes = ["a:b"]
      wanted.status = .suspended
      wanted.format = "underscore"
      wanted.expiresAt = records.time(100)
      wanted.lastUsedAt = records.time(50)
      wanted.metadata = ["k": .string("v")]
      wanted.secrets[0].endsAt = records.time(20)
      wanted.secrets.append(rotated)
      wanted.revision = 2
      _ = try await store.commit(records.replace(key) { $0 = wanted })
      #expect(try await store.find(prefix: key.prefix) == StoredKey(key: wanted, owner: owner))
      _ = try await store.commit(records.replace(wanted) { $0.secrets = [rotated] })
      #expect(try await store.find(id: key.id)?.key.secrets == [rotated])
      var purged = wanted
      purged.revision = 3
      _ = try await store.commit(
        records.replace(purged) {
          $0.status = .purged
          $0.secrets = []
          $0.lastUsedAt = nil
        })
      let tombstone = try #require(try await store.find(id: key.id)?.key)
      #expect(tombstone.status == .purged)
      #expect(tombstone.secrets.isEmpty)
      #expect(tombstone.lastUsedAt == nil)
    }
  }

  @Test(
    "a re-hash replaces the expected hash only, and leaves the revision",
    arguments: StoreKind.allCases)
  func rehash(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let key = records.key(secrets: [records.secret("a$1$s$d"), records.secret("b$1$s$d")])
      _ = try await store.commit(records.insert(key))
      let secretID = key.secrets[1].id
      var change = records.change([records.draft("hash_upgraded", key: key)])
      change.rehash = .init(
        prefix: key.prefix, secretID: secretID, from: EncodedHash("b$1$s$d"),
        to: EncodedHash("c$2$s$d"))
      #expect(try await store.commit(change) == 2)
      let stored = try #require(try await store.find(prefix: key.prefix)?.key)
      #expect(stored.secrets.map(\.hash.encoded) == ["a$1$s$d", "c$2$s$d"])
      #expect(stored.revision == 1)
      // The same again: the hash is no longer the expected one.
      #expect(await refusal(of: change, by: store) == .conflict)
      for (prefix, id) in [("tok_other", secretID), (key.prefix, records.id())] {
        change.rehash = .init(
          prefix: prefix, secretID: id, from: EncodedHash("c$2$s$d"), to: EncodedHash("x"))
        #expect(await refusal(of: change, by: store) == .conflict)
      }
      // An edit of a record that was read before the re-hash does not undo it.
      _ = try await store.commit(records.replace(key) { $0.name = "edited" })
      #expect(try await store.find(id: key.id)?.key.secrets[1].hash.encoded == "c$2$s$d")
    }
  }

  @Test(
    "usage raises the dates of last use, never lowers them, and is no change",
    arguments: StoreKind.allCases)
  func usage(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let key = records.key(secrets: [records.secret(), records.secret()])
      _ = try await store.commit(records.insert(key))
      let secretID = key.secrets[1].id
      func use(_ second: Int64, prefix: String, _ id: UUID) -> KeyUsage {
        KeyUsage(prefix: prefix, secretID: id, count: 3, lastUsedAt: records.time(second))
      }
      try await store.record([
        use(9, prefix: key.prefix, secretID), use(4, prefix: key.prefix, secretID),
        use(99, prefix: "tok_unknown", secretID), use(99, prefix: key.prefix, records.id()),
      ])
      try await store.record([])
      let stored = try #require(try await store.find(id: key.id)?.key)
      #expect(stored.lastUsedAt == records.time(9))
      #expect(stored.secrets.map(\.lastUsedAt) == [nil, records.time(9)])
      #expect(stored.revision == 1)
      #expect(try await store.logHead().position == 1)
      // An edit of a record that was read before the flush does not undo it.
      _ = try await store.commit(records.replace(key) { $0.name = "edited" })
      let edited = try #require(try await store.find(id: key.id)?.key)
      #expect(edited.lastUsedAt == records.time(9))
      #expect(edited.secrets.map(\.lastUsedAt) == [nil, records.time(9)])
    }
  }

  @Test(
    "bootstrap is refused once a key was made, also when it is purged",
    arguments: StoreKind.allCases)
  func onlyIfEmpty(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      _ = try await store.commit(records.insert(records.owner("ada")))
      let key = records.key()
      var first = records.insert(key)
      first.onlyIfEmpty = true
      _ = try await store.commit(first)
      var second = records.insert(records.key())
      second.onlyIfEmpty = true
      #expect(await refusal(of: second, by: store) == .notEmpty)
      _ = try await store.commit(
        records.replace(key) {
          $0.status = .purged
          $0.secrets = []
        })
      #expect(await refusal(of: second, by: store) == .notEmpty)
    }
  }

  @Test("of 32 bootstraps at once one wins", arguments: StoreKind.allCases)
  func bootstrapRace(_ kind: StoreKind) async throws {
    try await kind.withStore { (store, records) async throws in
      let outcomes = await withTaskGroup(of: Result<Int64, StoreError>.self) { group in
        for _ in 0..<32 {
          group.addTask {
            await result { () async throws(StoreError) in
              var change = records.insert(records.key())
              change.onlyIfEmpty = true
              return try await store.commit(change)
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(outcomes.filter { $0 == .success(1) }.count == 1)
      #expect(outcomes.filter { $0 == .failure(.notEmpty) }.count == 31)
    }
  }

  @Test("an idempotency key is remembered for 24 hours, per actor", arguments: StoreKind.allCases)
  func idempotency(_ kind: StoreKind) async throws {
    let day = Int64(24 * 3600)
    try await kind.withStore { (store, records) async throws in
      func use(_ actor: String, at second: Int64) -> IdempotencyRecord {
        IdempotencyRecord(
          actor: actor, key: "k", bodyDigest: [1, 2, 3], keyID: records.id(),
          usedAt: records.time(second))
      }
      func commit(_ use: IdempotencyRecord) async throws(StoreError) {
        var change = records.insert(records.key())
        change.idempotency = use
        _ = try await store.commit(change)
      }
      let first = use("key:tok_a", at: 0)
      try await commit(first)
      try await commit(use("key:tok_b", at: 0))
      #expect(try await store.idempotency(actor: "key:tok_a", key: "k") == first)
      #expect(try await store.idempotency(actor: "key:tok_a", key: "other") == nil)
      #expect(try await store.idempotency(actor: "key:tok_c", key: "k") == nil)
      #expect(
        await refusal { () async throws(StoreError) in try await commit(use("key:tok_a", at: day)) }
          == .idempotencyUsed(first))
      #expect(try await store.logHead().position == 2)
      let again = use("key:tok_a", at: day + 1)
      try await commit(again)
      #expect(try await store.idempotency(actor: "key:tok_a", key: "k") == again)
    }
  }

  @Test("the latest use of an idempotency key is told however old", arguments: StoreKind.allCases)
  func oldIdempotency(_ kind: StoreKind) async throws {
    try await kind.withStore { store, records in
      var change = records.insert(records.key())
      let use = IdempotencyRecord(
        actor: "cli", key: "k", bodyDigest: [], keyID: records.id(),
        usedAt: Timestamp(milliseconds: 0))
      change.idempotency = use
      _ = try await store.commit(change)
      #expect(try await store.idempotency(actor: "cli", key: "k") == use)
    }
  }
}
