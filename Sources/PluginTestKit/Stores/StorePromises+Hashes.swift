import CardeaLifecycle

extension StorePromises {
  /// What it takes to verify what is stored.
  var hashes: [Promise] {
    [
      promise("tells which schemes living keys need besides the known ones") { store in
        func key(_ number: Int, _ hashes: [String], _ status: KeyRecord.Status = .active)
          -> KeyRecord
        {
          var key = Samples.key(number)
          key.status = status
          key.secrets = hashes.enumerated().map { index, hash in
            var secret = Samples.secret(number, UInt8(index))
            secret.hash = EncodedHash(hash)
            return secret
          }
          return key
        }
        try require(try await store.hashUses(besides: []), is: [], "the schemes of no key")
        let old = key(1, ["hmac_kit$v1$salt$a", "plain$9$salt$b"])
        for key in [
          old, key(2, ["hmac_kit$v2$salt$c"], .suspended), key(3, ["hmac_kit$v2$salt$d"]),
          key(4, ["gone$1$salt$e"], .revoked), key(5, [], .purged), key(6, ["plain$1$salt$f"]),
        ] { try await store.insert(key) }
        try require(
          try await store.hashUses(besides: []),
          is: [
            HashUse(scheme: "hmac_kit$v1", count: 1), HashUse(scheme: "hmac_kit$v2", count: 2),
            HashUse(scheme: "plain", count: 2),
          ], "every scheme")
        try require(
          try await store.hashUses(besides: ["plain", "hmac_kit$v2", "other"]),
          is: [HashUse(scheme: "hmac_kit$v1", count: 1)], "the schemes besides two")
        _ = try await store.commit(rehashing(old, old.secrets[0], to: "hmac_kit$v2$salt$g"))
        try require(
          try await store.hashUses(besides: ["plain"]),
          is: [HashUse(scheme: "hmac_kit$v2", count: 3)], "the schemes after a re-hash")
      }
    ]
  }
}
