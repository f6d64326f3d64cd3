import CardeaLifecycle

extension StorePromises {
  /// The signal log.
  var log: [Promise] {
    [
      promise("logs a change together with it, every field") { store in
        let owner = Samples.owner(1)
        let key = Samples.key(1, owner: owner)
        let change = inserting(key, owner: owner)
        let expected = change.entries(after: .empty)
        try require(try await store.commit(change), is: 2, "the position of the last entry")
        try require(
          try await store.log(after: 0, limit: 100) == expected,
          "the entries differ from the drafts")
        try require(
          try await store.logHead(), is: LogHead(position: 2, hash: expected[1].hash), "the head")
      },
      promise("gives the head's position for a change that logs nothing") { store in
        try await store.insert(Samples.key(1))
        var change = StoreChange(drafts: [], primitives: logPrimitives)
        change.key = .insert(Samples.key(2))
        try require(try await store.commit(change), is: 1, "the position")
        try require(try await store.log(after: 0, limit: 10).count, is: 1, "entries")
        try await store.requireKey(Samples.key(2))
      },
      promise("numbers its entries from 1 without gaps, in one verifiable chain") { store in
        try await store.insert(Samples.key(1))
        _ = try await store.refusal(inserting(Samples.key(1)), "a second key of that prefix")
        _ = try await commitAll((2...30).map { inserting(Samples.key($0)) }, on: store)
        _ = try await store.refusal(replacing(Samples.key(5), expected: 9), "a stale change")
        try await store.insert(Samples.key(31))
        let entries = try await store.log(after: 0, limit: 1000)
        try require(entries.count, is: 31, "entries of 31 changes")
        try await requireChain(entries, of: store)
        let prefixes = Set(entries.compactMap(\.prefix))
        try require(prefixes.count, is: 31, "keys that the entries tell of")
      },
      promise("gives its log page by page") { store in
        for number in 1...10 { try await store.insert(Samples.key(number)) }
        let all = try await store.log(after: 0, limit: 100)
        try require(try await store.log(after: 0, limit: 3) == Array(all[0..<3]), "the first page")
        try require(try await store.log(after: 3, limit: 3) == Array(all[3..<6]), "the second page")
        try require(try await store.log(after: 9, limit: 3) == Array(all[9...]), "the last page")
        try require(try await store.log(after: 10, limit: 3).isEmpty, "entries after the last")
        try require(try await store.log(after: 99, limit: 3).isEmpty, "entries far after the last")
      },
      promise("erases the log of a purged key, and keeps the chain verifiable") { store in
        let key = Samples.key(1)
        try await store.insert(key)
        try await store.insert(Samples.key(2))
        let suspended = key.edited { $0.status = .suspended }
        _ = try await store.commit(replacing(suspended, signal: "key_suspended"))
        let before = try await store.log(after: 0, limit: 100)
        var purge = replacing(suspended.purged, signal: "key_purged")
        purge.erasesLogOf = key.id
        _ = try await store.commit(purge)
        let entries = try await store.log(after: 0, limit: 100)
        try require(entries.count, is: 4, "entries")
        for index in [0, 2] {
          try require(
            entries[index].payload == nil && entries[index].salt == nil,
            "entry \(index + 1) of the purged key still has payload or salt")
          try require(
            entries[index].payloadDigest, is: before[index].payloadDigest,
            "the digest of an erased entry")
        }
        try require(entries[1], is: before[1], "the entry of another key")
        try require(entries[3].payload != nil, "the entry of the purge itself lost its payload")
        try await requireChain(entries, of: store)
        try await store.insert(Samples.key(3))
        try await requireChain(try await store.log(after: 0, limit: 100), of: store)
      },
    ]
  }
}

/// Checks that these are all entries of the store's log, unchanged and in order.
func requireChain(_ entries: [LogEntry], of store: any KeyStore) async throws {
  let chain = LogChain(logPrimitives)
  var head = LogHead.empty
  for entry in entries {
    try require(entry.position, is: head.position + 1, "the position of an entry")
    try require(
      chain.follows(entry, head), "entry \(entry.position) does not follow its predecessor")
    head = LogHead(position: entry.position, hash: entry.hash)
  }
  try require(try await store.logHead(), is: head, "the head")
}
