import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The access log of all nodes, in order of arrival, and the checkpoints.
struct MemoryAccessLog: Sendable {
  private(set) var heads: [Bytes: AccessHead] = [:]
  private(set) var checkpoints: [Checkpoint] = []
  /// In order of arrival; numbers rise, with gaps where entries were pruned.
  private var entries: [Numbered<AccessEntry>] = []
  private var lastNumber: Int64 = 0

  func head(_ node: String) -> AccessHead { heads[Bytes(node)] ?? .empty(node) }

  var allHeads: [AccessHead] { heads.keys.sorted().compactMap { heads[$0] } }

  /// - Parameter isPurged: whether a key's personal data was erased.
  mutating func append(
    _ batch: AccessBatch, isPurged: (UUID) -> Bool
  ) throws(StoreError) -> AccessHead {
    let head = head(batch.node)
    guard head.sequence == batch.after else { throw .conflict }
    let (fresh, end) = batch.entries(after: head)
    for entry in fresh {
      lastNumber += 1
      let isErased = entry.keyID.map(isPurged) ?? false
      entries.append(Numbered(number: lastNumber, entry: isErased ? entry.erased : entry))
    }
    heads[Bytes(batch.node)] = end
    return end
  }

  mutating func erase(_ keyID: UUID) {
    for index in entries.indices where entries[index].entry.keyID == keyID {
      entries[index] = Numbered(number: entries[index].number, entry: entries[index].entry.erased)
    }
  }

  func entries(node: String, after position: Int64, limit: Int) -> [AccessEntry] {
    var found: [AccessEntry] = []
    for numbered in entries where numbered.entry.position > position {
      if found.count >= limit { break }
      if Bytes(numbered.entry.node) == Bytes(node) { found.append(numbered.entry) }
    }
    return found
  }

  func entries(_ filter: LogFilter) -> [Numbered<AccessEntry>] {
    filter.page(of: entries) { filter.takes($0) }
  }

  func entries(_ query: UsageQuery) -> [AccessEntry] {
    entries.map(\.entry).filter {
      $0.keyID == query.keyID && $0.at >= query.since && $0.at < query.until
        && UsageQuery.actions.contains($0.action)
    }
  }

  // MARK: Pruning

  /// The last position of each node before which everything is older than `cutoff`.
  func prunable(before cutoff: Timestamp) -> [PrunePlan.Node] {
    allHeads.compactMap { head in
      let own = entries.filter { Bytes($0.entry.node) == Bytes(head.node) }.map(\.entry)
      let old = own.prefix { $0.at < cutoff }
      return old.last.map {
        PrunePlan.Node(
          node: head.node, position: $0.position, hash: $0.hash, entries: Int64(old.count))
      }
    }
  }

  mutating func prune(node: String, through position: Int64, limit: Int) -> Int {
    var count = 0
    var last: AccessEntry?
    entries.removeAll { numbered in
      let entry = numbered.entry
      guard count < limit, Bytes(entry.node) == Bytes(node), entry.position <= position else {
        return false
      }
      count += 1
      last = entry
      return true
    }
    if let last {
      heads[Bytes(node)]?.basePosition = last.position
      heads[Bytes(node)]?.baseHash = last.hash
    }
    return count
  }

  mutating func add(_ checkpoint: Checkpoint) { checkpoints.append(checkpoint) }
}

extension LogFilter {
  /// The page that the filter's bounds, order and limit ask for.
  func page<Entry>(
    of entries: [Numbered<Entry>], _ takes: (Entry) -> Bool
  ) -> [Numbered<Entry>] {
    var found: [Numbered<Entry>] = []
    func add(_ numbered: Numbered<Entry>) -> Bool {
      if after.map({ numbered.number <= $0 }) ?? false { return true }
      if before.map({ numbered.number >= $0 }) ?? false { return true }
      if takes(numbered.entry) { found.append(numbered) }
      return found.count < limit
    }
    if limit > 0 {
      if newestFirst {
        for numbered in entries.reversed() where !add(numbered) { break }
      } else {
        for numbered in entries where !add(numbered) { break }
      }
    }
    return found
  }

  func takes(_ entry: AccessEntry) -> Bool {
    if let status, entry.status != status { return false }
    return takes(
      at: entry.at, action: entry.action, keyID: entry.keyID, prefix: entry.prefix,
      payload: entry.payload)
  }

  func takes(_ entry: LogEntry) -> Bool {
    if let ownerIDs, entry.ownerID.map({ !ownerIDs.contains($0) }) ?? true { return false }
    return takes(
      at: entry.at, action: entry.signal, keyID: entry.keyID, prefix: entry.prefix,
      payload: entry.payload)
  }

  private func takes(
    at time: Timestamp, action name: String, keyID id: UUID?, prefix text: String?,
    payload: [UInt8]?
  ) -> Bool {
    if let since, time < since { return false }
    if let until, time >= until { return false }
    if let actions, !actions.contains(where: { Bytes($0) == Bytes(name) }) { return false }
    if let keyID, keyID != id { return false }
    if let prefix, text.map({ Bytes($0) != Bytes(prefix) }) ?? true { return false }
    if payloadHolds.isEmpty { return true }
    guard let payload else { return false }
    return payloadHolds.allSatisfy { payload.holds($0) }
  }
}

extension [UInt8] {
  fileprivate func holds(_ part: [UInt8]) -> Bool {
    guard let first = part.first else { return true }
    guard part.count <= count else { return false }
    for start in 0...(count - part.count) where self[start] == first {
      if self[start..<(start + part.count)].elementsEqual(part) { return true }
    }
    return false
  }
}
