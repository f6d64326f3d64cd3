#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A change signal on its way: its draft for the log, and how to publish it once it has a position.
struct Announcement: Sendable {
  let draft: LogDraft
  let publish: @Sendable (SignalBus, Int64) -> Void
}

extension AuthKernel {
  /// Readies a signal for the log.
  func announce<Change: ChangeSignal>(
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

  /// Commits a change with its signals, makes every reading of what it replaced stale whatever the outcome
  /// (of what it inserted there is none), and only then publishes and returns. Runs apart from the caller's task, so a client that hangs up
  /// can't leave it half done.
  func commit(
    _ announcements: [Announcement], rehearsing: Bool = false, _ fill: (inout StoreChange) -> Void
  ) async throws(StoreError) -> Receipt {
    let position = try await position(announcements, rehearsing: rehearsing, fill)
    return await ReceiptDetail.$namesNodes.withValue(ReceiptDetail.namesNodes && !rehearsing) {
      await receipt(position)
    }
  }

  /// The same without asking who obeys: the position of its last signal.
  private func position(
    _ announcements: [Announcement], rehearsing: Bool = false, _ fill: (inout StoreChange) -> Void
  ) async throws(StoreError) -> Int64 {
    var change = StoreChange(drafts: announcements.map(\.draft), primitives: primitives)
    fill(&change)
    if rehearsing {
      change.isRehearsal = true
      return try await store.commit(change)
    }
    let ticket = order.begin()
    let work = Task { [change] () -> Result<Int64, StoreError> in
      let outcome: Result<Int64, StoreError>
      do throws(StoreError) {
        let position = try await measured { () async throws(StoreError) in
          try await store.commit(change)
        }
        if let prefix = change.key?.record.prefix { formats.note(prefix: prefix) }
        outcome = .success(position)
      } catch { outcome = .failure(error) }
      stamps.changed(
        prefix: change.key?.replaced?.prefix, owner: change.owner?.replaced?.id)
      guard case .success(let last) = outcome else {
        order.abandon(ticket)
        return outcome
      }
      // Not before it is marked: the poll passes over what is noted, and then says that it is obeyed here.
      for offset in 0..<Int64(announcements.count) { lease?.note(own: last - offset) }
      logWatch.noteGrowth()
      let first = last - Int64(announcements.count) + 1
      await order.publish(ticket, position: last) { [signals] in
        for (offset, announcement) in announcements.enumerated() {
          announcement.publish(signals, first + Int64(offset))
        }
        signals.wakeDurable(at: last)
      }
      return outcome
    }
    return try await work.value.get()
  }

  /// The receipt of an operation that found its work done already, perhaps by another node, of which this one has not
  /// heard yet: what it holds of this key or owner is stale from now on, as if it had done the work itself.
  func receiptOfNothing(
    prefix: String? = nil, owner: UUID? = nil
  ) async throws(LifecycleError) -> Receipt {
    stamps.changed(prefix: prefix, owner: owner)
    let position: Int64
    do throws(StoreError) { position = try await store.logHead().position } catch {
      throw LifecycleError(error)
    }
    return await receipt(position, isOwn: false)
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
    _ = try? await position([announcement]) { change in
      change.rehash = StoreChange.Rehash(
        prefix: stored.key.prefix, secretID: row.id, from: row.hash, to: hash)
    }
  }

  /// A secret's hash under the preferred hasher, on the pool if it is slow.
  func hashed(_ secret: Secret, prefix: String) async throws(LifecycleError) -> EncodedHash {
    guard let hasher = hashers[configuration.preferredHasher] else {
      throw .failed("no hasher named \(configuration.preferredHasher) is registered")
    }
    let request = HashRequest(secret: secret, primitives: primitives)
    let work: @Sendable () -> Result<EncodedHash, HasherError> = {
      do throws(HasherError) { return .success(try hasher.hash(request)) } catch {
        return .failure(error)
      }
    }
    let outcome: Result<EncodedHash, HasherError>
    if hasher.cost == .fast {
      outcome = work()
    } else {
      do { outcome = try await pool.run(for: prefix, work) } catch { throw .overloaded }
    }
    switch outcome {
    case .success(let hash): return hash
    case .failure: throw .failed("the hasher \(configuration.preferredHasher) failed")
    }
  }

  func newID() -> UUID { UUID.version7(at: time.now(), random: primitives.randomBytes(10)) }
}

extension LifecycleError {
  /// What a store's refusal means to a caller.
  package init(_ error: StoreError) {
    switch error {
    case .conflict: self = .conflict
    case .duplicate(let field): self = .invalid(field: field, reason: "is taken")
    case .ownerLimit(let limit): self = .ownerLimit(limit)
    case .notEmpty: self = .notEmpty
    case .idempotencyUsed(let record): self = .alreadyDone(keyID: record.keyID)
    case .unavailable(let reason): self = .storeUnavailable(reason)
    case .corrupt(let reason): self = .storeUnavailable(reason)
    }
  }
}

/// A change and the signals that tell of it.
struct PreparedChange: Sendable {
  let announcements: [Announcement]
  let change: StoreChange

  init(
    _ announcements: [Announcement], _ primitives: any Primitives,
    _ fill: (inout StoreChange) -> Void
  ) {
    self.announcements = announcements
    var change = StoreChange(drafts: announcements.map(\.draft), primitives: primitives)
    fill(&change)
    self.change = change
  }
}

extension AuthKernel {
  /// Commits many changes, in as few transactions as the store can, and publishes the signals of those that were
  /// done. What holds for one change holds for each: stale before acknowledged, and apart from the caller's task.
  func commit(_ changes: [PreparedChange]) async -> [Result<Int64, StoreError>] {
    let ticket = order.begin()
    let work = Task { () -> [Result<Int64, StoreError>] in
      let results = await committed(changes.map(\.change))
      var done: [(last: Int64, announcements: [Announcement])] = []
      for (prepared, result) in zip(changes, results) {
        stamps.changed(
          prefix: prepared.change.key?.replaced?.prefix,
          owner: prepared.change.owner?.replaced?.id)
        guard case .success(let position) = result else { continue }
        for offset in 0..<Int64(prepared.announcements.count) {
          lease?.note(own: position - offset)
        }
        if let prefix = prepared.change.key?.record.prefix { formats.note(prefix: prefix) }
        done.append((position, prepared.announcements))
      }
      guard let last = done.last?.last else {
        order.abandon(ticket)
        return results
      }
      logWatch.noteGrowth()
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

  private func committed(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>] {
    if let bulk = store as? any BulkKeyStore {
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
