import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StorePromises {
  /// The access log, pruning and checkpoints.
  var accessLog: [Promise] {
    guard powers.contains(.accessLog) else { return [] }
    return appending + signals + erasing + pruning
  }

  /// A promise of one open store that keeps an access log.
  private func logPromise(
    _ name: String, _ body: @escaping @Sendable (any AccessLogStore) async throws -> Void
  ) -> Promise {
    promise(name) { store in
      try await body(
        try require(store as? any AccessLogStore, "it has the power but is no AccessLogStore"))
    }
  }

  func access(_ number: Int, keyID: UUID? = nil, path: String = "/orders") -> AccessDraft {
    AccessDraft(
      AccessEvent(
        at: Samples.time(number), reason: number % 2 == 0 ? nil : .wrongSecret, keyID: keyID,
        prefix: "tok_kit\(number)", owner: "owner\(number)",
        request: RequestFacts(
          method: "GET", path: path, clientAddress: "192.0.2.\(number)", userAgent: "kit",
          requestID: "r\(number)")))
  }

  func batch(
    _ node: String, after: Int64, _ drafts: [AccessDraft]
  ) -> AccessBatch {
    AccessBatch(
      node: node, after: after, through: after + Int64(drafts.count), drafts: drafts,
      primitives: logPrimitives)
  }

  private var appending: [Promise] {
    [
      logPromise("appends a batch to its node's chain, every field") { store in
        try require(
          try await store.accessHead(node: "kit"), is: .empty("kit"), "the head of no entries")
        let batch = batch("kit", after: 0, (1...3).map { access($0, keyID: Samples.id($0)) })
        let (expected, end) = batch.entries(after: .empty("kit"))
        try require(try await store.append(batch), is: end, "the head that append gives")
        try require(try await store.accessHead(node: "kit"), is: end, "the head")
        let entries = try await store.accessLog(node: "kit", after: 0, limit: 10)
        try require(entries == expected, "the entries differ from the drafts")
      },
      logPromise("takes a batch once, and refuses one that follows another sequence") { store in
        let first = batch("kit", after: 0, [access(1), access(2)])
        _ = try await store.append(first)
        for late in [first, batch("kit", after: 5, [access(3)])] {
          do {
            _ = try await store.append(late)
            try require(false, "it took a batch that does not follow its head")
          } catch { try require(error as? StoreError, is: .conflict, "the refusal") }
        }
        let entries = try await store.accessLog(node: "kit", after: 0, limit: 10)
        try require(entries.count, is: 2, "entries")
      },
      logPromise("takes a batch once when several append it at once") { store in
        let batch = batch("kit", after: 0, (1...20).map { access($0) })
        let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
          for _ in 0..<8 {
            group.addTask {
              do {
                _ = try await store.append(batch)
                return true
              } catch StoreError.conflict { return false }
            }
          }
          return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        try require(taken, is: 1, "times that it was taken")
        try require(try await store.accessHead(node: "kit").position, is: 20, "entries")
      },
      logPromise("keeps each node's chain apart, from 1 without gaps") { store in
        var heads = ["a": Int64(0), "b": 0]
        for number in 1...6 {
          let node = number % 3 == 0 ? "b" : "a"
          let head = try await store.append(
            batch(node, after: heads[node] ?? 0, [access(number), access(number)]))
          heads[node] = head.sequence
        }
        let chain = AccessChain(logPrimitives)
        for head in try await store.accessHeads() {
          var (position, hash) = (head.basePosition, head.baseHash)
          for entry in try await store.accessLog(node: head.node, after: 0, limit: 100) {
            try require(
              chain.follows(entry, position: position, hash: hash),
              "entry \(entry.position) of \(head.node) does not follow its predecessor")
            (position, hash) = (entry.position, entry.hash)
          }
          try require(position, is: head.position, "the head's position")
          try require(hash, is: head.hash, "the head's hash")
        }
        try require(try await store.accessHeads().map(\.node), is: ["a", "b"], "the nodes")
        try require(try await store.headlessEntries(), is: 0, "entries of no node")
      },
      logPromise("lists entries by every condition, either way") { store in
        let id = Samples.id(77)
        _ = try await store.append(batch("a", after: 0, [access(1), access(2, keyID: id)]))
        _ = try await store.append(
          batch("b", after: 0, [access(3, path: "/a\"\u{0}b"), access(4)]))
        func found(_ edit: (inout LogFilter) -> Void) async throws -> [String?] {
          var filter = LogFilter(limit: 10)
          edit(&filter)
          return try await store.accessEntries(filter).map(\.entry.prefix)
        }
        let all = ["tok_kit4", "tok_kit3", "tok_kit2", "tok_kit1"]
        try require(try await found { _ in }, is: all, "newest first")
        try require(try await found { $0.newestFirst = false }, is: all.reversed(), "oldest first")
        try require(try await found { $0.limit = 1 }, is: ["tok_kit4"], "at most one")
        try require(try await found { $0.keyID = id }, is: ["tok_kit2"], "of a key")
        try require(try await found { $0.prefix = "tok_kit1" }, is: ["tok_kit1"], "of a prefix")
        try require(
          try await found { $0.actions = ["user_logged_in"] }, is: ["tok_kit4", "tok_kit2"],
          "of an action")
        try require(
          try await found { $0.actions = ["user_logged_in", "authentication_failed"] }, is: all,
          "of several actions")
        try require(
          try await found { $0.status = 401 }, is: ["tok_kit3", "tok_kit1"], "of a status")
        try require(
          try await found { $0.since = Samples.time(3) }, is: ["tok_kit4", "tok_kit3"], "since")
        try require(try await found { $0.until = Samples.time(2) }, is: ["tok_kit1"], "until")
        try require(
          try await found { $0.payloadHolds = [Array(#""path":"/a\"\u0000b""#.utf8)] },
          is: ["tok_kit3"], "of a payload")
        let numbers = try await store.accessEntries(LogFilter(limit: 10)).map(\.number)
        try require(numbers == numbers.sorted(by: >), "numbers must fall")
        try require(
          try await found { $0.before = numbers[1] }, is: Array(all[2...]), "before a number")
        try require(
          try await found { $0.after = numbers[1] }, is: ["tok_kit4"], "after a number")
      },
    ]
  }

  private var signals: [Promise] {
    [
      logPromise("lists signals by every condition, either way") { store in
        let owner = Samples.owner(3)
        for (number, signal) in ["key_created", "key_updated", "key_created", "key_revoked"]
          .enumerated()
        {
          let number = number + 1
          let key = Samples.key(number, owner: number == 3 ? owner : nil)
          var change = StoreChange(
            drafts: [draft(signal, key: key, number: number)], primitives: logPrimitives)
          change.key = .insert(key)
          change.owner = number == 3 ? .insert(owner) : nil
          _ = try await store.commit(change)
        }
        func found(_ edit: (inout LogFilter) -> Void) async throws -> [Int64] {
          var filter = LogFilter(limit: 10)
          edit(&filter)
          let entries = try await store.signalEntries(filter)
          try require(
            entries.map(\.number), is: entries.map(\.entry.position), "numbers are positions")
          return entries.map(\.number)
        }
        try require(try await found { _ in }, is: [4, 3, 2, 1], "newest first")
        try require(try await found { $0.newestFirst = false }, is: [1, 2, 3, 4], "oldest first")
        try require(try await found { $0.limit = 1 }, is: [4], "at most one")
        try require(try await found { $0.keyID = Samples.id(2) }, is: [2], "of a key")
        try require(try await found { $0.prefix = "tok_kit1" }, is: [1], "of a prefix")
        try require(
          try await found { $0.ownerIDs = [owner.id, Samples.id(9)] }, is: [3], "of owners")
        try require(try await found { $0.ownerIDs = [] }, is: [], "of no owner")
        try require(try await found { $0.actions = ["key_created"] }, is: [3, 1], "of an action")
        try require(
          try await found { $0.actions = ["key_revoked", "key_created"] }, is: [4, 3, 1],
          "of several actions")
        try require(try await found { $0.actions = [] }, is: [], "of no action")
        try require(try await found { $0.since = Samples.time(3) }, is: [4, 3], "since")
        try require(try await found { $0.until = Samples.time(2) }, is: [1], "until")
        try require(
          try await found { $0.payloadHolds = [Array(#""n":2"#.utf8), [0, 0xFF]] }, is: [2],
          "of a payload")
        try require(try await found { $0.before = 3 }, is: [2, 1], "before a number")
        try require(try await found { $0.after = 3 }, is: [4], "after a number")
      }
    ]
  }

  private var erasing: [Promise] {
    [
      logPromise("erases the access entries of a purged key, also those that come late") { store in
        let key = Samples.key(1)
        try await store.insert(key)
        let drafts = [access(1, keyID: key.id), access(2, keyID: Samples.id(2))]
        _ = try await store.append(batch("kit", after: 0, drafts))
        let before = try await store.accessLog(node: "kit", after: 0, limit: 10)
        var purge = replacing(key.purged, signal: "key_purged")
        purge.erasesLogOf = key.id
        _ = try await store.commit(purge)
        _ = try await store.append(batch("kit", after: 2, drafts))
        let entries = try await store.accessLog(node: "kit", after: 0, limit: 10)
        try require(entries.count, is: 4, "entries")
        for index in [0, 2] {
          try require(
            entries[index].payload == nil && entries[index].salt == nil,
            "entry \(index + 1) of the purged key still has payload or salt")
        }
        try require(entries[0].hash, is: before[0].hash, "the hash of an erased entry")
        try require(entries[1], is: before[1], "the entry of another key")
        try require(entries[3].payload != nil, "a late entry of another key lost its payload")
      }
    ]
  }

  private var pruning: [Promise] {
    [
      logPromise("prunes the oldest entries of a node, and begins after them") { store in
        let numbers = [1, 2, 9, 3, 10]
        _ = try await store.append(batch("kit", after: 0, numbers.map { access($0) }))
        let all = try await store.accessLog(node: "kit", after: 0, limit: 10)
        let plan = try await store.prunable(before: Samples.time(5))
        try require(
          plan.nodes,
          is: [PrunePlan.Node(node: "kit", position: 2, hash: all[1].hash, entries: 2)],
          "the plan: an entry that is young enough keeps what comes after it")
        try require(
          try await store.pruneAccess(node: "kit", through: 2, limit: 1), is: 1,
          "entries, at most 1")
        try require(
          try await store.pruneAccess(node: "kit", through: 2, limit: 9), is: 1, "entries")
        try require(
          try await store.pruneAccess(node: "kit", through: 2, limit: 9), is: 0, "entries left")
        let head = try await store.accessHead(node: "kit")
        try require(head.basePosition, is: 2, "the base's position")
        try require(head.baseHash, is: all[1].hash, "the base's hash")
        try require(head.position, is: 5, "the head's position")
        try require(
          try await store.accessLog(node: "kit", after: 0, limit: 10) == Array(all[2...]),
          "what is left")
      },
      logPromise("never gives a number twice, though everything was pruned") { store in
        _ = try await store.append(batch("kit", after: 0, [access(1), access(2)]))
        let last = try await store.accessEntries(LogFilter(limit: 1)).first?.number ?? 0
        _ = try await store.pruneAccess(node: "kit", through: 2, limit: 9)
        _ = try await store.append(batch("kit", after: 2, [access(3)]))
        let next = try await store.accessEntries(LogFilter(limit: 1)).first?.number ?? 0
        try require(next > last, "\(next) follows \(last)")
      },
      logPromise("prunes payloads of the signal log, and keeps its chain verifiable") { store in
        for number in 1...5 {
          var change = StoreChange(
            drafts: [draft("key_created", key: Samples.key(number), number: number)],
            primitives: logPrimitives)
          change.key = .insert(Samples.key(number))
          _ = try await store.commit(change)
        }
        let plan = try await store.prunable(before: Samples.time(4))
        try require(
          plan, is: PrunePlan(nodes: [], signalPosition: 3, signalPayloads: 3), "the plan")
        try require(
          try await store.pruneSignals(through: 3, limit: 2), is: 2, "payloads, at most 2")
        try require(
          try await store.prunable(before: Samples.time(4)).signalPayloads, is: 1, "what is left")
        try require(try await store.pruneSignals(through: 3, limit: 9), is: 1, "payloads")
        let entries = try await store.log(after: 0, limit: 10)
        try require(
          entries.map { $0.payload == nil }, is: [true, true, true, false, false], "erased")
        try await requireChain(entries, of: store)
      },
      logPromise("keeps checkpoints, each made of the last one and the heads") { store in
        try await store.insert(Samples.key(1))
        _ = try await store.append(batch("kit", after: 0, [access(1)]))
        let heads = CheckpointHeads(
          signals: try await store.logHead(), nodes: try await store.accessHeads())
        let seen = Tally<CheckpointHeads>()
        for _ in 0..<2 {
          _ = try await store.checkpoint { last, heads in
            seen.add(heads)
            return Checkpoint(
              number: (last?.number ?? 0) + 1, text: [0, 0xFF], publicKey: nil, signature: nil)
          }
        }
        let none = try await store.checkpoint { _, _ in nil }
        try require(none == nil, "it made a checkpoint of nothing")
        try require(seen.all, is: [heads, heads], "the heads")
        let kept = try await store.checkpoints(after: 0, limit: 10)
        try require(kept.map(\.number), is: [1, 2], "the checkpoints")
        try require(kept.map(\.text), is: [[0, 0xFF], [0, 0xFF]], "their texts")
        try require(
          try await store.checkpoints(after: 1, limit: 10).map(\.number), is: [2], "after the first"
        )
      },
    ]
  }
}
