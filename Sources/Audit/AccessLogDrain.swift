import Synchronization

/// Moves what spools hold to the store's access log, batch after batch, each exactly once: a batch names the
/// sequence that it follows, and the store takes it only if that is where the node's chain stands.
///
/// Threading: `drain` from any task; one round at a time, and at most one that waits.
package actor AccessLogDrain {
  /// Entries of one transaction: some milliseconds' work, for which a revocation may have to wait.
  static let details = 1_000
  /// Records of a flood that one transaction counts.
  static let records = 65_536
  /// Entries that a flood takes in one batch; what goes beyond is counted without its address.
  static let folds = 16

  private let store: any AccessLogStore
  private let spools: [any AccessSpool]
  private let primitives: any Primitives
  private let clock: HighWaterClock
  private var heads: [String: AccessHead] = [:]
  /// The round that was asked for last; the next begins when it has ended.
  private var last: Task<Void, Never>?
  /// A round that has not begun: whoever asks meanwhile waits for it too.
  private var waiting: Task<Void, Never>?
  private nonisolated let hasFailed = Atomic<Bool>(false)

  package init(
    store: any AccessLogStore, spools: [any AccessSpool], primitives: any Primitives,
    clock: HighWaterClock
  ) {
    self.store = store
    self.spools = spools
    self.primitives = primitives
    self.clock = clock
  }

  /// Moves everything that was recorded before the call. What the store does not take now stays in the spool
  /// for the next time.
  package func drain() async {
    if let waiting { return await waiting.value }
    let before = last
    let round = Task {
      await before?.value
      self.waiting = nil
      await self.run()
    }
    last = round
    waiting = round
    await round.value
  }

  /// Tells every source how far the store is, so that none numbers new records as old ones.
  package func resume() async throws(StoreError) {
    for spool in spools {
      for source in spool.sources {
        do { _ = try await head(of: source) } catch let error as StoreError { throw error } catch {
          throw .unavailable("the spool of \(source.node) can't be read: \(error)")
        }
      }
    }
  }

  /// Whether the last round left something behind that the store did not take.
  package nonisolated var isStuck: Bool { hasFailed.load(ordering: .relaxed) }

  private func run() async {
    var failed = false
    for spool in spools {
      for source in spool.sources {
        do { try await move(source) } catch { failed = true }
      }
    }
    hasFailed.store(failed, ordering: .relaxed)
  }

  private func move(_ source: any AccessSource) async throws {
    while true {
      let head = try await head(of: source)
      let records = try source.records(
        after: head.sequence, details: AccessLogDrain.details, limit: AccessLogDrain.records)
      guard let last = records.last else { return }
      // What the process before this one left behind may be later than the clock says now.
      clock.note(last.draft.at)
      let batch = AccessBatch(
        node: source.node, after: head.sequence, through: last.sequence,
        drafts: AccessLogDrain.drafts(records, after: head), primitives: primitives)
      // Until the store has answered it is unknown how far it is.
      heads[source.node] = nil
      do {
        let head = try await store.append(batch)
        heads[source.node] = head
        try source.discard(through: head.sequence)
      } catch StoreError.conflict {
        // Somebody else has appended for this node, or an earlier batch arrived after all.
        continue
      }
    }
  }

  private func head(of source: any AccessSource) async throws -> AccessHead {
    if let head = heads[source.node] { return head }
    let head = try await store.accessHead(node: source.node)
    try source.resume(after: head.sequence)
    heads[source.node] = head
    return head
  }

  /// One draft per record, those of a flood put together.
  static func drafts(_ records: [SpooledAccess], after head: AccessHead) -> [AccessDraft] {
    var drafts: [AccessDraft] = []
    drafts.reserveCapacity(min(records.count, details + folds))
    var indexes: [Fold: Int] = [:]
    var firsts: [Int: Timestamp] = [:]
    // A node that the store knows nothing of begins where its source does.
    var expected = head.position == 0 ? records.first?.sequence ?? 0 : head.sequence + 1
    for record in records {
      if record.sequence > expected {
        drafts.append(AccessDraft(lost: record.sequence - expected, at: record.draft.at))
      }
      expected = record.sequence + 1
      guard record.isFolded else {
        drafts.append(record.draft)
        continue
      }
      var fold = Fold(record.draft)
      if indexes[fold] == nil, indexes.count >= folds { fold = fold.anonymous }
      guard let index = indexes[fold] else {
        indexes[fold] = drafts.count
        firsts[drafts.count] = record.draft.at
        var draft = record.draft
        draft.payload = fold.payload
        draft.keyID = fold.keyID
        drafts.append(draft)
        continue
      }
      drafts[index].count += record.draft.count
      drafts[index].at = record.draft.at
    }
    for (index, since) in firsts where drafts[index].count > 1 {
      drafts[index].payload = AccessLogDrain.payload(drafts[index].payload, since: since)
    }
    return drafts
  }

  /// The payload of a flood's entry, `{}` or `{"address":"…"}`, with the time of its first attempt.
  private static func payload(_ payload: [UInt8], since: Timestamp) -> [UInt8] {
    var bytes = Array(payload.dropLast())
    LineJSON.append("since", since.rfc3339, to: &bytes)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }
}
