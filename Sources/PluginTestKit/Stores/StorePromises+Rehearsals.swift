import CardeaLifecycle

extension StorePromises {
  /// Changes that are only tried.
  var rehearsals: [Promise] {
    [
      promise("takes a rehearsed change back, whole") { store in
        let owner = Samples.owner(1, maxKeys: 9)
        let key = Samples.key(1, owner: owner)
        try await store.insert(key, owner: owner)
        let before = try await StoreContents(store)
        var erasing = replacing(key.purged, signal: "key_purged")
        erasing.erasesLogOf = key.id
        var using = inserting(Samples.key(2, owner: owner))
        using.idempotency = IdempotencyRecord(
          actor: "cli", key: "once", bodyDigest: [1], keyID: Samples.id(2), usedAt: Samples.start)
        for change in [
          inserting(Samples.key(3), owner: Samples.owner(2)),
          replacing(key.edited { $0.name = "n" }),
          rehashing(key, key.secrets[0], to: "strong$1$salt$digest"), erasing, using,
          replacing(owner.edited { $0.disabled = true }),
        ] {
          var change = change
          change.isRehearsal = true
          try require(try await store.commit(change), is: before.head.position, "the position")
          try require(try await StoreContents(store) == before, "something of it stayed")
        }
        try require(
          try await store.idempotency(actor: "cli", key: "once"), is: nil, "the use of a key")
      },
      promise("refuses a rehearsed change as it would refuse the change") { store in
        let owner = Samples.owner(1, maxKeys: 1)
        let key = Samples.key(1, owner: owner)
        try await store.insert(key, owner: owner)
        func rehearsing(_ change: StoreChange) -> StoreChange {
          var change = change
          change.isRehearsal = true
          return change
        }
        try await store.requireRefusal(
          rehearsing(inserting(Samples.key(2, owner: owner))), with: .ownerLimit(1),
          "a rehearsed key beyond the limit")
        try await store.requireRefusal(
          rehearsing(replacing(key.edited { $0.name = "n" }, expected: 9)), with: .conflict,
          "a rehearsed change of another revision")
        try await store.requireRefusal(
          rehearsing(inserting(Samples.owner(2, name: owner.name))),
          with: .duplicate(field: "owner"), "a rehearsed second owner")
        var bootstrap = inserting(Samples.key(3))
        bootstrap.onlyIfEmpty = true
        try await store.requireRefusal(
          rehearsing(bootstrap), with: .notEmpty, "a rehearsed bootstrap")
      },
    ]
  }
}
