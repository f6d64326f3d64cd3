import CardeaLifecycle

extension StorePromises {
  /// What holds between processes; here between two instances on one storage.
  var sharing: [Promise] {
    guard powers.contains(.shared) else { return [] }
    return [
      shared("sees at once what another instance has committed") { store, other in
        let key = Samples.key(1)
        try await store.insert(key)
        try await other.requireKey(key)
        let revoked = key.edited { $0.status = .revoked }
        _ = try await other.commit(replacing(revoked))
        try await store.requireKey(revoked)
        try require(
          try await StoreContents(store) == StoreContents(other), "two instances differ")
      },
      shared("polls the entries of others in order, each once") { store, other in
        try require(try store.poll(after: 0, limit: 9).isEmpty, "an empty log has entries")
        for number in 1...3 { try await other.insert(Samples.key(number)) }
        try await store.insert(Samples.key(4))
        let log = try await other.log(after: 0, limit: 100)
        try require(
          try store.poll(after: 0, limit: 9), is: log.map(\.mark), "what is polled of the log")
        func positions(after position: Int64) throws -> [Int64] {
          try store.poll(after: position, limit: 9).map(\.position)
        }
        try require(try positions(after: 2), is: [3, 4], "positions after 2")
        try require(try positions(after: 4), is: [], "positions after the last")
        try require(try positions(after: 4), is: [], "positions after the last, polled again")
        try await other.insert(Samples.key(5))
        try require(try positions(after: 4), is: [5], "positions after 4")
      },
      shared("polls no more entries than it is asked for, and the rest next") { store, other in
        for number in 1...5 { try await other.insert(Samples.key(number)) }
        var polled: [[Int64]] = []
        for position: Int64 in [0, 2, 4, 5] {
          polled.append(try store.poll(after: position, limit: 2).map(\.position))
        }
        try require(polled, is: [[1, 2], [3, 4], [5], []], "positions by two")
      },
      shared("shows positions in order while several instances write") { store, other in
        let polled = Tally<Int64>()
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            for number in 1...25 { try await store.insert(Samples.key(number)) }
          }
          group.addTask {
            for number in 101...125 { try await other.insert(Samples.key(number)) }
          }
          group.addTask {
            var last: Int64 = 0
            while last < 50, !Task.isCancelled {
              for entry in try store.poll(after: last, limit: 3) {
                try require(entry.position, is: last + 1, "the position that follows \(last)")
                last = entry.position
                polled.add(last)
              }
              await Task.yield()
            }
          }
          try await group.waitForAll()
        }
        try require(polled.all, is: Array(1...50), "positions polled")
        try await requireChain(try await store.log(after: 0, limit: 100), of: other)
      },
      shared("lets exactly one of several instances on one revision win") { store, other in
        var key = Samples.key(1)
        try await store.insert(key)
        for round in 0..<10 {
          let based = key
          let changes = (0..<4).map { writer in
            replacing(based.edited { $0.name = "round \(round) writer \(writer)" })
          }
          let outcomes = try await commitAll(changes, on: store, other)
          try requireOneWinner(outcomes, losersGet: .conflict)
          key = try require(try await other.find(prefix: key.prefix), "the key is gone").key
        }
      },
      shared("holds an owner to its limit across instances") { store, other in
        let owner = Samples.owner(1, maxKeys: 3)
        _ = try await store.commit(inserting(owner))
        let changes = (1...12).map { inserting(Samples.key($0, owner: owner)) }
        let outcomes = try await commitAll(changes, on: store, other)
        try require(outcomes.count { $0 == nil }, is: 3, "keys that were made")
        try require(
          outcomes.allSatisfy { $0 == nil || $0 == .ownerLimit(3) }, "the refusals are \(outcomes)")
      },
    ]
  }

  /// A promise of two open instances, closed and removed afterwards.
  func shared(
    _ name: String,
    _ body: @escaping @Sendable (any SharedKeyStore, any SharedKeyStore) async throws -> Void
  ) -> Promise {
    Promise(name) {
      let test = try await make()
      defer { test.remove() }
      let again = try require(test.again, "the suite was given no way to open the storage again")
      let store = try require(test.store as? any SharedKeyStore, "it is no SharedKeyStore")
      let other = try require(try await again() as? any SharedKeyStore, "it is no SharedKeyStore")
      try await store.open()
      try await other.open()
      do { try await body(store, other) } catch {
        await other.close()
        await store.close()
        throw error
      }
      await other.close()
      await store.close()
    }
  }
}

extension LogEntry {
  /// What a poll is to tell of it.
  fileprivate var mark: LogMark {
    LogMark(position: position, signal: signal, prefix: prefix, ownerID: ownerID)
  }
}
