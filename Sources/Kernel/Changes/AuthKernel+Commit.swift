#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// Readies a signal for the log.
  package func announce<Change: ChangeSignal>(
    _ signal: Change, key: KeyRecord? = nil, owner: UUID? = nil
  ) throws(LifecycleError) -> Announcement {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let payload = try? encoder.encode(signal) else {
      throw .failed("the signal \(Change.name) could not be encoded")
    }
    let draft = LogDraft(
      signal: Change.name, at: signal.at, keyID: key?.id, prefix: key?.prefix,
      ownerID: owner ?? key?.ownerID, payload: Array(payload), salt: primitives.randomBytes(16))
    return Announcement(draft: draft) { bus, position in
      var signal = signal
      signal.position = position
      bus.publish(signal)
    }
  }

  /// Commits a change with its signals, as ``commit(_:)`` does.
  package func commit(
    _ announcements: [Announcement], rehearsing: Bool = false, _ fill: (inout StoreChange) -> Void
  ) async throws(StoreError) -> Receipt {
    let prepared = PreparedChange(announcements, primitives, fill)
    let position: Int64
    if rehearsing {
      var change = prepared.change
      change.isRehearsal = true
      position = try await store.commit(change)
    } else {
      position = try await commit(prepared)
    }
    return await ReceiptDetail.$namesNodes.withValue(ReceiptDetail.namesNodes && !rehearsing) {
      await receipt(position)
    }
  }

  /// Commits a change without asking who obeys: the position of its last signal.
  private func commit(_ change: PreparedChange) async throws(StoreError) -> Int64 {
    guard let result = await commit([change]).first else { throw .unavailable("nothing was told") }
    return try result.get()
  }

  /// Commits changes with their signals, in as few transactions as the store can; makes every reading of what they
  /// replaced stale whatever the outcome (of what they inserted there is none), and only then publishes the signals of those
  /// that were done, and returns. Runs apart from the caller's task, so a client that hangs up can't leave it half done.
  package func commit(_ changes: [PreparedChange]) async -> [Result<Int64, StoreError>] {
    let ticket = order.begin()
    let work = Task { () -> [Result<Int64, StoreError>] in
      let results = await committed(changes.map(\.change))
      var done: [(last: Int64, announcements: [Announcement])] = []
      for (prepared, result) in zip(changes, results) {
        stamps.changed(
          prefix: prepared.change.key?.replaced?.prefix,
          owner: prepared.change.owner?.replaced?.id)
        guard case .success(let position) = result else { continue }
        if let prefix = prepared.change.key?.record.prefix { formats.note(prefix: prefix) }
        // Not before it is marked: the poll passes over what is noted, and then says that it is obeyed here.
        for offset in 0..<Int64(prepared.announcements.count) {
          lease?.note(own: position - offset)
        }
        done.append((position, prepared.announcements))
      }
      guard let last = done.last?.last else {
        order.abandon(ticket)
        return results
      }
      logWatch.noteGrowth(to: last)
      await order.publish(ticket, position: last) { [signals, done] in
        for (last, announcements) in done {
          let first = last - Int64(announcements.count) + 1
          for (offset, announcement) in announcements.enumerated() {
            announcement.publish(signals, first + Int64(offset))
          }
        }
      }
      return results
    }
    return await work.value
  }

  /// The receipt of an operation that found its work done already, perhaps by another node, of which this one has not
  /// heard yet: what it holds of this key or owner is stale from now on, as if it had done the work itself.
  package func receiptOfNothing(
    prefix: String? = nil, owner: UUID? = nil
  ) async throws(LifecycleError) -> Receipt {
    stamps.changed(prefix: prefix, owner: owner)
    let head = try await inStore { () async throws(StoreError) in try await store.logHead() }
    return await receipt(head.position, isOwn: false)
  }

  /// Replaces a secret's hash if nothing else has meanwhile. Never touches the key itself, so it can't
  /// revive one that was revoked while the hash was being made.
  func upgrade(_ stored: StoredKey, _ row: StoredSecret, to hash: EncodedHash) async {
    let now = time.now()
    guard
      let announcement = try? announce(
        HashUpgraded(
          at: now, actor: Actor.kernel.description, key: KeyFacts(stored, at: now),
          algorithm: hash.algorithm), key: stored.key)
    else { return }
    _ = try? await commit(
      PreparedChange([announcement], primitives) { change in
        change.rehash = StoreChange.Rehash(
          prefix: stored.key.prefix, secretID: row.id, from: row.hash, to: hash)
      })
  }

  package func newID() -> UUID { UUID.version7(at: time.now(), random: primitives.randomBytes(10)) }

  private func committed(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>] {
    if changes.count > 1, let bulk = store as? any BulkKeyStore {
      let began = time.monotonic()
      let results = await bulk.commit(changes)
      // One call, one measurement: what came of the worst of them.
      note(results.map { MeasuredCommit.Result($0) }.max { $0.rank < $1.rank } ?? .done, began)
      return results
    }
    var results: [Result<Int64, StoreError>] = []
    for change in changes {
      do throws(StoreError) {
        results.append(
          .success(
            try await measured { () async throws(StoreError) in try await store.commit(change) }))
      } catch {
        results.append(.failure(error))
      }
    }
    return results
  }

  private func measured(
    _ commit: () async throws(StoreError) -> Int64
  ) async throws(StoreError) -> Int64 {
    let began = time.monotonic()
    let result: Result<Int64, StoreError>
    do throws(StoreError) { result = .success(try await commit()) } catch {
      result = .failure(error)
    }
    note(MeasuredCommit.Result(result), began)
    return try result.get()
  }

  private func note(_ result: MeasuredCommit.Result, _ began: UInt64) {
    meter?.note(MeasuredCommit(result: result, nanoseconds: time.monotonic() &- began))
  }
}

extension MeasuredCommit.Result {
  fileprivate init(_ outcome: Result<Int64, StoreError>) {
    switch outcome {
    case .success: self = .done
    case .failure(.unavailable), .failure(.corrupt): self = .failed
    case .failure: self = .refused
    }
  }

  /// The greater, the worse.
  fileprivate var rank: Int {
    switch self {
    case .done: 0
    case .refused: 1
    case .failed: 2
    }
  }
}
