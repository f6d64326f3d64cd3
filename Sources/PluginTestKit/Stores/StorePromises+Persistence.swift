import CardeaLifecycle

extension StorePromises {
  /// What outlives the process.
  var persistence: [Promise] {
    var promises: [Promise] = []
    if powers.contains(.persists) {
      promises.append(
        Promise("keeps everything when it is closed and opened again") {
          try await reopening { store, _ in await store.close() }
        })
    }
    if powers.contains(.survivesKill) {
      promises.append(
        Promise("keeps everything acknowledged though it was never closed") {
          try await reopening { store, test in try await test.abandon(store) }
        })
    }
    return promises
  }

  private func reopening(
    _ leave: (any KeyStore, StoreUnderTest) async throws -> Void
  ) async throws {
    let test = try await make()
    defer { test.remove() }
    let again = try require(test.again, "the suite was given no way to open the storage again")
    try await test.store.open()
    let use = try await fill(test.store)
    if powers.contains(.bulk) {
      let many = try require(test.store as? any BulkKeyStore, "the store is no BulkKeyStore")
      for answer in await many.commit([inserting(Samples.key(8)), inserting(Samples.key(9))]) {
        _ = try answer.get()
      }
    }
    let before = try await StoreContents(test.store)
    let letters = [letter(1), letter(2)]
    if let durable = test.store as? any DurableKeyStore, powers.contains(.durable) {
      _ = try await durable.claim(claim("mail"))
      try await durable.advance(step(from: 0, to: 1, buried: letters[0]))
      try await durable.advance(step(from: 1, to: 2, buried: letters[1]))
    }
    if let records = test.store as? any PluginRecordStore, powers.contains(.records) {
      try await records.put(record(1, 1), in: "kit")
    }
    let kept = try await keep(in: test.store)
    try await leave(test.store, test)

    let store = try await again()
    try await store.open()
    try require(try await StoreContents(store) == before, "something is missing or changed")
    try require(
      try await store.idempotency(actor: use.actor, key: use.key), is: use,
      "the use of the idempotency key")
    if let durable = store as? any DurableKeyStore, powers.contains(.durable) {
      try require(
        try await durable.subscriptions(),
        is: [SubscriptionRecord(name: "mail", position: 2, deadLetters: 2)], "the cursors")
      try require(try await durable.deadLetters(DeadLetterQuery()), is: letters, "the dead letters")
    }
    if let records = store as? any PluginRecordStore, powers.contains(.records) {
      try require(
        try await records.pluginRecords("kit"), is: [record(1, 1)], "the plugins' records")
    }
    if let kept, let store = store as? any AccessLogStore {
      try require(try await AccessContents(store) == kept, "the access log is another")
    }
    var bootstrap = inserting(Samples.key(20))
    bootstrap.onlyIfEmpty = true
    try await store.requireRefusal(bootstrap, with: .notEmpty, "a bootstrap after reopening")
    try await store.insert(Samples.key(21))
    try await requireChain(try await store.log(after: 0, limit: 1000), of: store)
    await store.close()
  }

  /// An access log with something pruned, and a checkpoint.
  private func keep(in store: any KeyStore) async throws -> AccessContents? {
    guard powers.contains(.accessLog) else { return nil }
    let store = try require(store as? any AccessLogStore, "the store is no AccessLogStore")
    _ = try await store.append(batch("kit", after: 0, (1...5).map { access($0) }))
    _ = try await store.append(batch("other", after: 0, [access(6)]))
    _ = try await store.pruneAccess(node: "kit", through: 2, limit: 9)
    _ = try await store.checkpoint { _, _ in
      Checkpoint(number: 1, text: [0, 0xFF], publicKey: nil, signature: nil)
    }
    return try await AccessContents(store)
  }

  /// One of every kind of change.
  private func fill(_ store: any KeyStore) async throws -> IdempotencyRecord {
    let owner = Samples.owner(1, maxKeys: 9)
    let key = Samples.key(1, owner: owner)
    let use = IdempotencyRecord(
      actor: "cli", key: "once", bodyDigest: [UInt8](0..<32), keyID: key.id,
      usedAt: SystemClock().now())
    var first = inserting(key, owner: owner)
    first.idempotency = use
    _ = try await store.commit(first)
    for number in 2...5 { try await store.insert(Samples.key(number, owner: owner)) }
    _ = try await store.commit(replacing(owner.edited { $0.disabled = true }))
    _ = try await store.commit(rehashing(key, key.secrets[0], to: "strong$1$salt$digest"))
    _ = try await store.commit(
      replacing(Samples.key(2, owner: owner).edited { $0.status = .revoked }))
    var purge = replacing(Samples.key(3, owner: owner).purged, signal: "key_purged")
    purge.erasesLogOf = Samples.key(3).id
    _ = try await store.commit(purge)
    _ = try await store.commit(
      replacing(
        Samples.key(4, owner: owner).edited {
          $0.secrets[0].endsAt = Samples.time(99)
          $0.secrets.append(Samples.secret(4, 1))
        }))
    return use
  }
}

/// All that can be read of an access log.
private struct AccessContents: Equatable {
  let heads: [AccessHead]
  let entries: [AccessEntry]
  let checkpoints: [Checkpoint]

  init(_ store: any AccessLogStore) async throws {
    heads = try await store.accessHeads()
    entries = try await store.accessEntries(LogFilter(limit: 100)).map(\.entry)
    checkpoints = try await store.checkpoints(after: 0, limit: 100)
  }
}
