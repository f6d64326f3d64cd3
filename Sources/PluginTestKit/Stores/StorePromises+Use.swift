import CardeaLifecycle

extension StorePromises {
  /// Re-hashing and usage: they go beside a key's revisions.
  var use: [Promise] {
    [
      promise("replaces the hash of one secret and leaves the revision alone") { store in
        var key = Samples.key(1)
        key.secrets.append(Samples.secret(1, 1))
        try await store.insert(key)
        _ = try await store.commit(rehashing(key, key.secrets[0], to: "strong$1$salt$digest"))
        key.secrets[0].hash = EncodedHash("strong$1$salt$digest")
        try await store.requireKey(key)
        try require(try await store.logHead().position, is: 2, "entries")
        _ = try await store.commit(replacing(key.edited { $0.name = "still revision 1" }))
      },
      promise("replaces a hash only if it is still the expected one") { store in
        let key = Samples.key(1)
        try await store.insert(key)
        _ = try await store.commit(rehashing(key, key.secrets[0], to: "strong$1$salt$digest"))
        try await store.requireRefusal(
          rehashing(key, key.secrets[0], to: "weak$1$salt$digest"), with: .conflict,
          "a re-hash of a hash that was replaced")
        try await store.requireRefusal(
          rehashing(key, Samples.secret(1, 5), to: "weak$1$salt$digest"), with: .conflict,
          "a re-hash of a secret that is not there")
        try await store.requireRefusal(
          rehashing(Samples.key(2), Samples.secret(2), to: "weak$1$salt$digest"), with: .conflict,
          "a re-hash of a key that is not there")
      },
      promise("never revives a key by a re-hash") { store in
        for number in 1...10 {
          let key = Samples.key(number)
          try await store.insert(key)
          let revoked = key.edited { $0.status = .revoked }
          let outcomes = try await commitAll(
            [
              rehashing(key, key.secrets[0], to: "strong$1$salt$digest"),
              replacing(revoked, signal: "key_revoked"),
            ], on: store)
          try require(outcomes[1] == nil, "the revocation was refused")
          let found = try require(try await store.find(prefix: key.prefix), "the key is gone").key
          try require(found.status, is: .revoked, "the status")
          try require(found.revision, is: revoked.revision, "the revision")
          var purge = replacing(revoked.purged, signal: "key_purged")
          purge.erasesLogOf = key.id
          _ = try await store.commit(purge)
          try await store.requireRefusal(
            rehashing(key, found.secrets[0], to: "strong$2$salt$digest"), with: .conflict,
            "a re-hash of a purged key")
          try await store.requireKey(revoked.purged)
        }
      },
      promise("lets no change take back the re-hash and usage that its record lacks") { store in
        let key = Samples.key(1)
        try await store.insert(key)
        _ = try await store.commit(rehashing(key, key.secrets[0], to: "strong$1$salt$digest"))
        try await store.record([
          KeyUsage(
            prefix: key.prefix, secretID: key.secrets[0].id, count: 1,
            lastUsedAt: Samples.time(50))
        ])
        let renamed = key.edited { $0.name = "made up before" }
        _ = try await store.commit(replacing(renamed))
        let found = try require(try await store.find(prefix: key.prefix), "the key is gone").key
        try require(found.name, is: "made up before", "the name")
        try require(
          found.secrets.map(\.hash), is: [EncodedHash("strong$1$salt$digest")], "the hash")
        try require(found.lastUsedAt, is: Samples.time(50), "the key's last use")
        try require(found.secrets[0].lastUsedAt, is: Samples.time(50), "the secret's last use")
      },
      promise("records the last use of a key and of its secret") { store in
        var key = Samples.key(1)
        key.secrets.append(Samples.secret(1, 1))
        try await store.insert(key)
        try await store.insert(Samples.key(2))
        func use(_ secret: Int, at time: Timestamp) -> KeyUsage {
          KeyUsage(
            prefix: key.prefix, secretID: key.secrets[secret].id, count: 3, lastUsedAt: time)
        }
        try await store.record([use(0, at: Samples.time(50))])
        try await store.record([use(1, at: Samples.time(60))])
        key.lastUsedAt = Samples.time(60)
        key.secrets[0].lastUsedAt = Samples.time(50)
        key.secrets[1].lastUsedAt = Samples.time(60)
        try await store.requireKey(key)
        try await store.record([use(0, at: Samples.time(40)), use(1, at: Samples.time(40))])
        try await store.requireKey(key)
        try await store.requireKey(Samples.key(2))
        try require(try await store.logHead().position, is: 2, "entries: usage is not a change")
        _ = try await store.commit(replacing(key.edited { $0.name = "still revision 1" }))
      },
      promise("gathers the addresses of a secret's use, each once, up to the bound") { store in
        var key = Samples.key(1)
        try await store.insert(key)
        func use(_ marks: [UInt64]) -> KeyUsage {
          var addresses = AddressSet()
          for mark in marks { addresses.insert(mark) }
          return KeyUsage(
            prefix: key.prefix, secretID: key.secrets[0].id, count: 1,
            lastUsedAt: Samples.time(50), addresses: addresses)
        }
        try await store.record([use([1000, 2000])])
        try await store.record([use([2000, 3000]), use([])])
        for mark in [1000, 2000, 3000] as [UInt64] { key.secrets[0].addresses.insert(mark) }
        key.lastUsedAt = Samples.time(50)
        key.secrets[0].lastUsedAt = Samples.time(50)
        try await store.requireKey(key)
        let renamed = key.edited {
          $0.name = "made up before"
          $0.secrets[0].addresses = AddressSet()
        }
        _ = try await store.commit(replacing(renamed))
        let kept = try await store.find(prefix: key.prefix)?.key.secrets[0].addresses
        try require(kept, is: key.secrets[0].addresses, "the addresses after a change")
        try await store.record([use((5000..<5200).map { $0 })])
        let most = try await store.find(prefix: key.prefix)?.key.secrets[0].addresses.count
        try require(most, is: AddressSet.limit, "the most addresses")
      },
      promise("drops usage of what is no longer there") { store in
        let key = Samples.key(1)
        try await store.insert(key)
        let before = try await StoreContents(store)
        try await store.record([])
        try await store.record([
          KeyUsage(
            prefix: "tok_gone", secretID: key.secrets[0].id, count: 1,
            lastUsedAt: Samples.time(9))
        ])
        try require(try await StoreContents(store) == before, "usage of no key changed something")
        let rotated = key.edited { $0.secrets = [Samples.secret(1, 1)] }
        _ = try await store.commit(replacing(rotated))
        try await store.record([
          KeyUsage(
            prefix: key.prefix, secretID: key.secrets[0].id, count: 1,
            lastUsedAt: Samples.time(9))
        ])
        let found = try require(try await store.find(prefix: key.prefix), "the key is gone").key
        try require(found.secrets == rotated.secrets, "usage brought an old secret back")
      },
    ]
  }
}
