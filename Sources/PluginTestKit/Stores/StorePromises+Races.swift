import CardeaLifecycle

extension StorePromises {
  /// What happens at the same time.
  var races: [Promise] {
    [
      promise("lets exactly one of several writers on one revision win") { store in
        var key = Samples.key(1)
        try await store.insert(key)
        for round in 0..<20 {
          let based = key
          let outcomes = try await commitAll(
            (0..<4).map { writer in
              replacing(based.edited { $0.name = "round \(round) writer \(writer)" })
            }, on: store)
          try requireOneWinner(outcomes, losersGet: .conflict)
          key = try require(try await store.find(prefix: key.prefix), "the key is gone").key
          try require(key.revision, is: based.revision + 1, "the revision after a round")
          let winner = outcomes.firstIndex { $0 == nil } ?? -1
          try require(key.name, is: "round \(round) writer \(winner)", "the name after a round")
        }
        try require(try await store.logHead().position, is: 21, "entries of 21 changes")
      },
      promise("holds an owner to its limit when many keys are made at once") { store in
        let owner = Samples.owner(1, maxKeys: 5)
        _ = try await store.commit(inserting(owner))
        let outcomes = try await commitAll(
          (1...20).map { inserting(Samples.key($0, owner: owner)) }, on: store)
        try require(outcomes.count { $0 == nil }, is: 5, "keys that were made")
        try require(
          outcomes.allSatisfy { $0 == nil || $0 == .ownerLimit(5) }, "the refusals are \(outcomes)")
        var query = KeyQuery(now: Samples.start)
        query.ownerID = owner.id
        try require(try await store.keys(query).items.count, is: 5, "keys that are listed")
      },
      promise("bootstraps once when many try at once") { store in
        let outcomes = try await commitAll(
          (1...8).map { number in
            var change = inserting(Samples.key(number))
            change.onlyIfEmpty = true
            return change
          }, on: store)
        try requireOneWinner(outcomes, losersGet: .notEmpty)
      },
      promise("makes one key of one prefix when many try at once") { store in
        let outcomes = try await commitAll(
          (1...8).map { number in
            inserting(
              KeyRecord(
                id: Samples.id(number), prefix: "tok_same", name: "\(number)", format: "keysmith",
                createdAt: Samples.time(number), createdBy: "cli",
                secrets: [Samples.secret(number)]))
          }, on: store)
        try requireOneWinner(outcomes, losersGet: .duplicate(field: "prefix"))
        try require(
          try await store.keys(KeyQuery(now: Samples.start)).items.count, is: 1, "keys listed")
      },
      promise("takes an idempotency key once when many try at once") { store in
        let now = SystemClock().now()
        let changes = (1...8).map { number in
          var change = inserting(Samples.key(number))
          change.idempotency = IdempotencyRecord(
            actor: "cli", key: "once", bodyDigest: [1], keyID: Samples.key(number).id, usedAt: now)
          return change
        }
        let outcomes = try await commitAll(changes, on: store)
        try require(outcomes.count { $0 == nil }, is: 1, "changes that were made")
        try require(try await store.logHead().position, is: 1, "entries")
      },
      promise("shows a change to readers whole or not at all") { store in
        let key = Samples.key(1)
        try await store.insert(key)
        let started = Tally<Int>()
        let done = Tally<Bool>()
        try await withThrowingTaskGroup(of: Void.self) { group in
          for reader in 0..<3 {
            group.addTask {
              var last: Int64 = 0
              started.add(reader)
              while done.all.isEmpty {
                let found = try require(
                  try await store.find(prefix: key.prefix), "the key is gone for a moment"
                ).key
                let number = Int(found.revision)
                try require(found.revision >= last, "a reader saw an earlier revision again")
                last = found.revision
                if number > 1 {
                  try require(
                    found.name == "\(number)" && found.description == "\(number)"
                      && found.secrets == [Samples.secret(1, UInt8(number))],
                    "a reader saw parts of two revisions")
                }
                await Task.yield()
              }
            }
          }
          group.addTask {
            defer { done.add(true) }
            while started.all.count < 3, !Task.isCancelled { await Task.yield() }
            var current = key
            for _ in 0..<60 {
              current = current.edited {
                $0.name = "\($0.revision)"
                $0.description = "\($0.revision)"
                $0.secrets = [Samples.secret(1, UInt8($0.revision))]
              }
              _ = try await store.commit(replacing(current))
              let seen = try await store.find(prefix: key.prefix)?.key.revision
              try require(seen, is: current.revision, "the revision right after its change")
              await Task.yield()
            }
          }
          try await group.waitForAll()
        }
      },
    ]
  }
}

/// Commits all at once; each one's refusal, or `nil` where it was accepted.
func commitAll(
  _ changes: [StoreChange], on stores: any KeyStore...
) async throws -> [StoreError?] {
  await withTaskGroup(of: (Int, StoreError?).self) { group in
    for (index, change) in changes.enumerated() {
      let store = stores[index % stores.count]
      group.addTask {
        do throws(StoreError) {
          _ = try await store.commit(change)
          return (index, nil)
        } catch { return (index, error) }
      }
    }
    var outcomes = [StoreError?](repeating: nil, count: changes.count)
    for await (index, outcome) in group { outcomes[index] = outcome }
    return outcomes
  }
}

func requireOneWinner(_ outcomes: [StoreError?], losersGet refusal: StoreError) throws {
  try require(outcomes.count { $0 == nil }, is: 1, "changes that were made")
  for case let outcome? in outcomes { try require(outcome, is: refusal, "a loser's error") }
}
