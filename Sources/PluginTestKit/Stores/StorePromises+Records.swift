import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StorePromises {
  /// What is written is found, all of it.
  var records: [Promise] {
    [
      promise("opens empty") { store in
        let contents = try await StoreContents(store)
        try require(contents.keys.isEmpty && contents.owners.isEmpty, "it holds records")
        try require(contents.log.isEmpty && contents.head == .empty, "its log is not empty")
      },
      promise("finds a key by prefix and by id, with every field") { store in
        var key = Samples.key(1)
        key.secrets.append(Samples.secret(1, 1))
        key.secrets[0].endsAt = Samples.time(99)
        try await store.insert(key)
        try await store.requireKey(key)
      },
      promise("keeps what is not set as not set") { store in
        let key = KeyRecord(
          id: Samples.id(1), prefix: "tok_plain", name: "plain", format: "keysmith",
          createdAt: Samples.time(1), createdBy: "cli", secrets: [])
        try await store.insert(key)
        try await store.requireKey(key)
      },
      promise("keeps texts, numbers and times to the last bit") { store in
        var key = Samples.key(1)
        key.name = "\u{e9} e\u{301} \u{1f511} ' \" ; -- \\ %_* \r\n\t"
        key.description = String(repeating: "\u{df}", count: 512)
        key.metadata = [
          "deep": .object(["a": .array([.object(["b": .bool(false)]), .array([])])]),
          "integer": .integer(.max), "negative": .integer(.min), "number": .number(0.1),
          "large": .number(1e300), "null": .null, "": .string("\u{0}"),
          "text": .string("e\u{301}"),
        ]
        key.expiresAt = .latest
        key.revision = 7
        try await store.insert(key)
        try await store.requireKey(key)
        var old = Samples.key(2)
        old.expiresAt = Timestamp(milliseconds: -1)
        old.lastUsedAt = Timestamp(milliseconds: 1_767_225_600_001)
        try await store.insert(old)
        try await store.requireKey(old)
      },
      promise("finds nothing under any other prefix or id") { store in
        var key = Samples.key(1)
        try await store.insert(key)
        key = KeyRecord(
          id: Samples.id(2), prefix: "tok_\u{e9}", name: "accent", format: "keysmith",
          createdAt: Samples.time(2), createdBy: "cli", secrets: [])
        try await store.insert(key)
        let strangers = [
          "", "tok_", "tok_kit", "tok_kit11", "TOK_KIT1", "tok_kit1 ", "tok_kit%", "tok_kit_",
          "%", "*", "' OR 1=1 --", "../tok_kit1", "tok_kit1\u{0}", "tok_e\u{301}",
          String(repeating: "t", count: 10_000),
        ]
        for prefix in strangers {
          try require(
            try await store.find(prefix: prefix) == nil,
            "a key is found under \(prefix.debugDescription)")
        }
        try require(try await store.find(id: Samples.id(3)) == nil, "a key is found under no id")
        try require(
          try await store.find(id: UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
            == nil, "a key is found under the id of zeros")
      },
      promise("finds an owner by id and by kind and name, with every field") { store in
        var user = Samples.owner(1, name: "alice", maxKeys: 3)
        user.disabled = true
        let company = Samples.owner(2, kind: .organization, name: "alice")
        _ = try await store.commit(inserting(user))
        _ = try await store.commit(inserting(company))
        try require(try await store.owner(id: user.id), is: user, "the owner by id")
        try require(
          try await store.owner(kind: .user, name: "alice"), is: user, "the owner by name")
        try require(
          try await store.owner(kind: .organization, name: "alice"), is: company,
          "the owner of the other kind")
        try require(
          try await store.owner(kind: .system, name: "alice") == nil, "an owner of a third kind")
        try require(
          try await store.owner(kind: .user, name: "Alice") == nil, "an owner in other letters")
        try require(try await store.owner(id: Samples.id(3)) == nil, "an owner under no id")
      },
      promise("gives a key with its owner as the owner is now") { store in
        let owner = Samples.owner(1)
        let key = Samples.key(1, owner: owner)
        try await store.insert(key, owner: owner)
        try await store.requireKey(key, owner: owner)
        let disabled = owner.edited { $0.disabled = true }
        _ = try await store.commit(replacing(disabled))
        try await store.requireKey(key, owner: disabled)
        try require(
          try await store.keys(KeyQuery(now: Samples.start)).items,
          is: [StoredKey(key: key, owner: disabled)], "the listing")
      },
      promise("replaces every field that may change") { store in
        let first = Samples.owner(1)
        let second = Samples.owner(2)
        let key = Samples.key(1, owner: first)
        try await store.insert(key, owner: first)
        _ = try await store.commit(inserting(second))
        let changed = key.edited {
          $0.name = "renamed"
          $0.description = ""
          $0.kind = .user
          $0.keyClass = "silver"
          $0.ownerID = second.id
          $0.scopes = []
          $0.status = .suspended
          $0.format = "keysmith"
          $0.expiresAt = nil
          $0.lastUsedAt = Samples.time(5)
          $0.metadata = [:]
          $0.secrets = [$0.secrets[0], Samples.secret(1, 1)]
          $0.secrets[0].endsAt = Samples.time(9)
        }
        _ = try await store.commit(replacing(changed))
        try await store.requireKey(changed, owner: second)
        let rotated = changed.edited {
          $0.ownerID = nil
          $0.secrets = [$0.secrets[1]]
        }
        _ = try await store.commit(replacing(rotated))
        try await store.requireKey(rotated)
        let purged = rotated.purged
        _ = try await store.commit(replacing(purged))
        try await store.requireKey(purged)
      },
      promise("changes one record and no other") { store in
        let owner = Samples.owner(1)
        let keys = (1...3).map { Samples.key($0, owner: owner) }
        try await store.insert(keys[0], owner: owner)
        try await store.insert(keys[1])
        try await store.insert(keys[2])
        _ = try await store.commit(replacing(keys[1].edited { $0.status = .revoked }))
        try await store.requireKey(keys[0], owner: owner)
        try await store.requireKey(keys[2], owner: owner)
      },
    ]
  }
}
