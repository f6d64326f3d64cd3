import CardeaLifecycle

extension StorePromises {
  /// Many changes in one call.
  var bulk: [Promise] {
    guard powers.contains(.bulk) else { return [] }
    return [
      bulk("answers each change of a batch as it would alone, in order") { store in
        let key = Samples.key(1)
        let renamed = key.edited { $0.name = "renamed" }
        var silent = StoreChange(drafts: [], primitives: logPrimitives)
        silent.key = .insert(Samples.key(4))
        let answers = await store.commit([
          inserting(key), inserting(Samples.key(2), owner: Samples.owner(2)), replacing(renamed),
          inserting(second(of: key)), replacing(key.edited { $0.name = "stale" }), silent,
          inserting(Samples.key(3)),
        ])
        try require(
          answers,
          is: [
            .success(1), .success(3), .success(4), .failure(.duplicate(field: "prefix")),
            .failure(.conflict), .success(4), .success(5),
          ], "the answers")
        try await store.requireKey(renamed)
        try await store.requireKey(Samples.key(3))
        try await store.requireKey(Samples.key(4))
        try await requireChain(try await store.log(after: 0, limit: 100), of: store)
      },
      bulk("does each change of a batch wholly or not at all, whatever becomes of others") {
        store in
        let key = Samples.key(1)
        try await store.insert(key)
        var refused = inserting(second(of: key), owner: Samples.owner(7))
        refused.idempotency = IdempotencyRecord(
          actor: "cli", key: "once", bodyDigest: [1], keyID: Samples.id(2),
          usedAt: SystemClock().now())
        let answers = await store.commit([
          inserting(Samples.key(3)), refused, inserting(Samples.key(5), owner: Samples.owner(5)),
        ])
        try require(
          answers, is: [.success(2), .failure(.duplicate(field: "prefix")), .success(4)],
          "the answers")
        try require(
          try await store.owner(id: Samples.owner(7).id), is: nil, "the owner of a refused change")
        try require(
          try await store.idempotency(actor: "cli", key: "once"), is: nil,
          "the use of an idempotency key by a refused change")
        try await store.requireKey(Samples.key(3))
        try await store.requireKey(Samples.key(5))
        try require(
          try await store.owner(id: Samples.owner(5).id), is: Samples.owner(5),
          "the owner of a change that came after a refused one")
        let entries = try await store.log(after: 0, limit: 100)
        try require(entries.count, is: 4, "entries")
        try await requireChain(entries, of: store)
      },
      bulk("takes a rehearsed change of a batch back, and no other") { store in
        var rehearsed = inserting(Samples.key(2))
        rehearsed.isRehearsal = true
        let answers = await store.commit([
          inserting(Samples.key(1)), rehearsed, inserting(Samples.key(3)),
        ])
        try require(
          answers, is: [.success(1), .success(1), .success(2)], "the answers")
        try require(
          try await store.find(prefix: Samples.key(2).prefix)?.key.id, is: nil,
          "the key of a rehearsed change")
        try await requireChain(try await store.log(after: 0, limit: 100), of: store)
      },
      bulk("takes thousands of changes in one batch, and none") { store in
        try require(await store.commit([StoreChange]()), is: [], "the answers to no change")
        let count = 2_100
        let answers = await store.commit(
          (1...count).map { number in
            // Now and then one that is refused.
            number % 700 == 0
              ? replacing(Samples.key(1), expected: 99) : inserting(Samples.key(number))
          })
        try require(answers.count, is: count, "answers")
        var position: Int64 = 0
        for (index, answer) in answers.enumerated() {
          let isRefused = (index + 1) % 700 == 0
          if !isRefused { position += 1 }
          try require(
            answer, is: isRefused ? .failure(.conflict) : .success(position),
            "answer \(index + 1)")
        }
        try require(try await store.logHead().position, is: position, "entries")
        for number in [1, 699, 701, count - 1] { try await store.requireKey(Samples.key(number)) }
      },
      bulk("lets exactly one of several batches on one revision win") { store in
        let key = Samples.key(1)
        try await store.insert(key)
        let outcomes = await withTaskGroup(of: [Result<Int64, StoreError>].self) { group in
          for writer in 2...5 {
            group.addTask {
              await store.commit([
                inserting(Samples.key(writer)),
                replacing(key.edited { $0.name = "writer \(writer)" }),
                inserting(Samples.key(writer + 10)),
              ])
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
        try require(outcomes.count { (try? $0[1].get()) != nil }, is: 1, "winners")
        for outcome in outcomes {
          try require(
            (try? outcome[0].get()) != nil && (try? outcome[2].get()) != nil,
            "a change beside one that lost was refused: \(outcome)")
        }
        let entries = try await store.log(after: 0, limit: 100)
        try require(entries.count, is: 10, "entries of ten changes")
        try await requireChain(entries, of: store)
      },
    ]
  }

  /// A promise of a ``BulkKeyStore``.
  private func bulk(
    _ name: String, _ body: @escaping @Sendable (any BulkKeyStore) async throws -> Void
  ) -> Promise {
    promise(name) { store in
      try await body(try require(store as? any BulkKeyStore, "the store is no BulkKeyStore"))
    }
  }
}

/// Another key of the same prefix.
private func second(of key: KeyRecord) -> KeyRecord {
  KeyRecord(
    id: Samples.id(900), prefix: key.prefix, name: "second", format: "keysmith",
    createdAt: Samples.time(900), createdBy: "cli", secrets: [Samples.secret(900)])
}
