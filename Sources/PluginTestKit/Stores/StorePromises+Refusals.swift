import CardeaLifecycle

extension StorePromises {
  /// What is refused leaves nothing.
  var refusals: [Promise] {
    [
      promise("refuses a second key of one prefix or id, whole") { store in
        let key = Samples.key(1)
        try await store.insert(key)
        let samePrefix = KeyRecord(
          id: Samples.id(2), prefix: key.prefix, name: "second", format: "keysmith",
          createdAt: Samples.time(2), createdBy: "cli", secrets: [Samples.secret(2)])
        try await store.requireRefusal(
          inserting(samePrefix, owner: Samples.owner(2)), with: .duplicate(field: "prefix"),
          "a second key of that prefix")
        let sameID = KeyRecord(
          id: key.id, prefix: "tok_other", name: "second", format: "keysmith",
          createdAt: Samples.time(2), createdBy: "cli", secrets: [Samples.secret(2)])
        try await store.requireRefusal(
          inserting(sameID, owner: Samples.owner(2)), with: .duplicate(field: "id"),
          "a second key of that id")
        _ = try await store.commit(replacing(key.edited { $0.status = .revoked }))
        try await store.requireRefusal(
          inserting(samePrefix), with: .duplicate(field: "prefix"),
          "a second key of a revoked key's prefix")
      },
      promise("refuses a second owner of one kind and name, whole") { store in
        _ = try await store.commit(inserting(Samples.owner(1, name: "alice")))
        try await store.requireRefusal(
          inserting(Samples.owner(2, name: "alice")), with: .duplicate(field: "owner"),
          "a second owner of that name")
        try await store.requireRefusal(
          inserting(Samples.key(1), owner: Samples.owner(2, name: "alice")),
          with: .duplicate(field: "owner"), "a key with a second owner of that name")
        _ = try await store.commit(inserting(Samples.owner(2, kind: .system, name: "alice")))
      },
      promise("refuses a change based on an earlier revision, whole") { store in
        let owner = Samples.owner(1)
        let key = Samples.key(1, owner: owner)
        try await store.insert(key, owner: owner)
        let first = key.edited { $0.name = "first" }
        _ = try await store.commit(replacing(first))
        for expected in [key.revision, first.revision + 1, 0] {
          try await store.requireRefusal(
            replacing(key.edited { $0.name = "second" }, expected: expected), with: .conflict,
            "a change based on revision \(expected)")
        }
        try await store.requireKey(first, owner: owner)
        let disabled = owner.edited { $0.disabled = true }
        _ = try await store.commit(replacing(disabled))
        try await store.requireRefusal(
          replacing(owner.edited { $0.maxKeys = 9 }), with: .conflict,
          "a change of an owner based on an earlier revision")
        var both = replacing(first.edited { $0.name = "third" })
        both.owner = .replace(owner.edited { $0.maxKeys = 9 }, expected: owner.revision)
        try await store.requireRefusal(
          both, with: .conflict, "a change of a key with a stale one of an owner")
      },
      promise("refuses to change what is not there") { store in
        try await store.requireRefusal(
          replacing(Samples.key(1), expected: 0), with: .conflict, "a change of a missing key")
        try await store.requireRefusal(
          replacing(Samples.key(1), expected: 1), with: .conflict, "a change of a missing key")
        try await store.requireRefusal(
          replacing(Samples.owner(1), expected: 1), with: .conflict, "a change of a missing owner")
      },
      promise("holds an owner to its limit, counting keys that are not final") { store in
        let owner = Samples.owner(1, maxKeys: 2)
        let keys = (1...4).map { Samples.key($0, owner: owner) }
        try await store.insert(keys[0], owner: owner)
        let suspended = keys[0].edited { $0.status = .suspended }
        _ = try await store.commit(replacing(suspended))
        try await store.insert(keys[1])
        try await store.requireRefusal(
          inserting(keys[2]), with: .ownerLimit(2), "a third key of an owner that may have two")
        try await store.requireRefusal(
          inserting(keys[1]), with: .duplicate(field: "prefix"),
          "a key that is here already, of an owner without room: it needs none")
        let revoked = keys[1].edited { $0.status = .revoked }
        _ = try await store.commit(replacing(revoked))
        try await store.insert(keys[2])
        try await store.requireRefusal(
          inserting(keys[3]), with: .ownerLimit(2), "another key after one was revoked and one made"
        )
        _ = try await store.commit(replacing(suspended.purged))
        try await store.insert(keys[3])
        _ = try await store.commit(replacing(keys[3].edited { $0.name = "renamed" }))
        try await store.insert(Samples.key(5, owner: Samples.owner(9)), owner: Samples.owner(9))
      },
      promise("holds an owner to a limit that was changed") { store in
        let owner = Samples.owner(1, maxKeys: 0)
        _ = try await store.commit(inserting(owner))
        try await store.requireRefusal(
          inserting(Samples.key(1, owner: owner)), with: .ownerLimit(0),
          "a key of an owner that may have none")
        let unlimited = owner.edited { $0.maxKeys = -1 }
        _ = try await store.commit(replacing(unlimited))
        for number in 1...3 { try await store.insert(Samples.key(number, owner: owner)) }
        _ = try await store.commit(replacing(unlimited.edited { $0.maxKeys = 3 }))
        try await store.requireRefusal(
          inserting(Samples.key(4, owner: owner)), with: .ownerLimit(3),
          "a fourth key of an owner that may have three")
      },
      promise("bootstraps only while no key was ever made") { store in
        func first(_ number: Int) -> StoreChange {
          var change = inserting(Samples.key(number))
          change.onlyIfEmpty = true
          return change
        }
        _ = try await store.commit(inserting(Samples.owner(1)))
        _ = try await store.commit(first(1))
        try await store.requireRefusal(first(2), with: .notEmpty, "a second bootstrap")
        _ = try await store.commit(replacing(Samples.key(1).purged, signal: "key_purged"))
        try await store.requireRefusal(
          first(2), with: .notEmpty, "a bootstrap after the only key was purged")
      },
      promise("takes an idempotency key once per actor within 24 hours") { store in
        let now = SystemClock().now()
        func use(_ number: Int, actor: String, hoursAgo: Int64) -> StoreChange {
          var change = inserting(Samples.key(number))
          change.idempotency = IdempotencyRecord(
            actor: actor, key: "once", bodyDigest: [UInt8](repeating: UInt8(number), count: 32),
            keyID: Samples.key(number).id,
            usedAt: Timestamp(milliseconds: now.milliseconds - hoursAgo * 3_600_000))
          return change
        }
        let first = use(1, actor: "cli", hoursAgo: 23)
        _ = try await store.commit(first)
        let record = try require(first.idempotency, "no record")
        try require(
          try await store.idempotency(actor: "cli", key: "once"), is: record, "the earlier use")
        try require(
          try await store.idempotency(actor: "cli", key: "twice") == nil, "another key was used")
        try require(
          try await store.idempotency(actor: "host", key: "once") == nil, "another actor used it")
        try await store.requireRefusal(
          use(2, actor: "cli", hoursAgo: 0), with: .idempotencyUsed(record), "the second use")
        let old = use(3, actor: "host", hoursAgo: 25)
        _ = try await store.commit(old)
        try require(
          try await store.idempotency(actor: "host", key: "once"), is: old.idempotency,
          "the use of 25 hours ago, whose age is not the store's to judge")
        let again = use(4, actor: "host", hoursAgo: 0)
        _ = try await store.commit(again)
        try require(
          try await store.idempotency(actor: "host", key: "once"), is: again.idempotency,
          "the use after 25 hours")
      },
      promise("forgets the idempotency keys of a key that is purged") { store in
        func use(_ number: Int) -> StoreChange {
          var change = inserting(Samples.key(number))
          change.idempotency = IdempotencyRecord(
            actor: "cli", key: "\(number)", bodyDigest: [1], keyID: Samples.key(number).id,
            usedAt: SystemClock().now())
          return change
        }
        let other = use(2)
        for change in [use(1), other] { _ = try await store.commit(change) }
        var purge = replacing(Samples.key(1).purged, signal: "key_purged")
        purge.erasesLogOf = Samples.key(1).id
        _ = try await store.commit(purge)
        try require(
          try await store.idempotency(actor: "cli", key: "1") == nil,
          "the digest of what was asked for a purged key is still there")
        try require(
          try await store.idempotency(actor: "cli", key: "2"), is: other.idempotency,
          "the use for another key")
      },
      promise("remembers no idempotency key of a change that it refused") { store in
        try await store.insert(Samples.key(1))
        var change = inserting(Samples.key(1))
        change.idempotency = IdempotencyRecord(
          actor: "cli", key: "once", bodyDigest: [1], keyID: Samples.key(1).id,
          usedAt: SystemClock().now())
        _ = try await store.refusal(change, "a second key of that prefix")
        try require(
          try await store.idempotency(actor: "cli", key: "once") == nil,
          "the refused change used the idempotency key up")
      },
    ]
  }
}
