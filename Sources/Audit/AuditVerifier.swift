#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One run over both logs, which change meanwhile. Entries that arrive are not looked at. What is gone may have been
/// taken since the run began; whoever takes says so, in a checkpoint before it or in the signal log together with it,
/// so that is read once more before anything missing is called a fault.
package struct AuditVerifier {
  private static let page = 1_000

  let store: any AccessLogStore
  let primitives: any Primitives
  let keys: [Ed25519.PublicKey]

  private var report = AuditReport()
  /// From before the heads were read: what they state must be there.
  private var statements: [CheckpointStatement] = []
  /// From after it. Only what they say of prunes counts.
  private var laterStatements: [CheckpointStatement] = []
  private var lastCheckpoint: Int64 = 0
  /// How far the signal log is whole.
  private var signals = LogHead.empty
  /// Keys that were purged, by the position that says so.
  private var purged: [UUID: Int64] = [:]
  /// Signals without a payload that no prune covers: of each key, and of none, the first and the last.
  private var bareSignals: [UUID?: (first: Int64, last: Int64)] = [:]
  /// Access entries without a payload of keys that are not known to be purged: each node's and key's first.
  private var bareEntries: [(entry: AccessEntry, keyID: UUID)] = []

  package init(store: any AccessLogStore, primitives: any Primitives, keys: [Ed25519.PublicKey]) {
    self.store = store
    self.primitives = primitives
    self.keys = keys
  }

  package mutating func run() async throws(StoreError) -> AuditReport {
    report.isSigned = !keys.isEmpty
    report.awaitsSignature = !keys.isEmpty
    // Checkpoints before heads: a head that is older than a checkpoint would look cut.
    statements = try await readCheckpoints()
    let signals = try await store.logHead()
    let heads = try await store.accessHeads()
    try await verifySignals(through: signals)
    for head in heads { try await verify(head) }
    for node in Set(statements.flatMap { $0.chains.map(\.node) }).sorted()
    where !heads.contains(where: { $0.node.utf8.elementsEqual(node.utf8) }) {
      report.chains.append(AuditReport.Chain(log: "access", node: node))
      add("access", node, 0, "the node's chain is gone, which a checkpoint states")
    }
    let headless = try await store.headlessEntries()
    if headless > 0 {
      report.chains.append(AuditReport.Chain(log: "access", node: nil))
      add("access", nil, 0, "entries that belong to no node's chain: \(headless)")
    }
    try await judgeBare()
    if !keys.isEmpty, report.signed == 0 {
      add("checkpoints", nil, lastCheckpoint, "none is signed by the key that was given")
    }
    return report
  }

  /// Only the first of each chain.
  private mutating func add(
    _ log: String, _ node: String?, _ position: Int64, _ problem: String
  ) {
    let known = report.faults.firstIndex { $0.log == log && $0.node == node }
    if let known, report.faults[known].position <= position { return }
    let fault = AuditReport.Fault(log: log, node: node, position: position, problem: problem)
    if let known { report.faults[known] = fault } else { report.faults.append(fault) }
  }

  private func isWhole(_ log: String, _ node: String?) -> Bool {
    !report.faults.contains { $0.log == log && $0.node == node }
  }

  // MARK: Checkpoints

  /// What is stated by those checkpoints that were not read yet, and count.
  private mutating func readCheckpoints() async throws(StoreError) -> [CheckpointStatement] {
    var statements: [CheckpointStatement] = []
    while true {
      let page = try await store.checkpoints(after: lastCheckpoint, limit: AuditVerifier.page)
      if page.isEmpty { return statements }
      for checkpoint in page {
        if checkpoint.number != lastCheckpoint + 1 {
          add("checkpoints", nil, lastCheckpoint + 1, "it is missing")
        }
        lastCheckpoint = checkpoint.number
        report.checkpoints += 1
        if checkpoint.signature != nil { report.awaitsSignature = false }
        if let statement = read(checkpoint) { statements.append(statement) }
      }
    }
  }

  private mutating func readLaterCheckpoints() async throws(StoreError) {
    let found = try await readCheckpoints()
    laterStatements += found
  }

  private mutating func read(_ checkpoint: Checkpoint) -> CheckpointStatement? {
    guard let statement = CheckpointStatement(checkpoint.text),
      statement.number == checkpoint.number
    else {
      add("checkpoints", nil, checkpoint.number, "its text can't be read")
      return nil
    }
    guard !keys.isEmpty else { return statement }
    guard let key = checkpoint.publicKey, let signature = checkpoint.signature else {
      // Those from before there was a key state nothing, and are no fault.
      if report.signed > 0 { add("checkpoints", nil, checkpoint.number, "it is not signed") }
      return nil
    }
    guard keys.contains(key) else {
      add(
        "checkpoints", nil, checkpoint.number, "it is signed by another key, \(Hex.text(key.bytes))"
      )
      return nil
    }
    guard primitives.isValid(signature, of: checkpoint.text, by: key) else {
      add("checkpoints", nil, checkpoint.number, "its signature does not match its text")
      return nil
    }
    report.signed += 1
    return statement
  }

  /// Up to where payloads of the signal log were pruned.
  private var erasedThrough: Int64 {
    (statements + laterStatements).map(\.erasedThrough).max() ?? 0
  }

  // MARK: The signal log

  private mutating func verifySignals(through end: LogHead) async throws(StoreError) {
    var summary = AuditReport.Chain(log: "signals", node: nil)
    summary.position = end.position
    let stated = AuditVerifier.stated(statements.map { ($0.signals.position, $0.signals.hash) })
    try await followSignals(through: end.position, stated)
    if isWhole("signals", nil) {
      finish(
        "signals", nil, last: (signals.position, signals.hash), end: (end.position, end.hash),
        stated)
    }
    summary.entries = signals.position
    summary.statedThrough = stated.keys.max() ?? 0
    report.chains.append(summary)
  }

  /// Goes on from where the log is whole.
  private mutating func followSignals(
    through end: Int64, _ stated: [Int64: Digest256]
  ) async throws(StoreError) {
    let chain = LogChain(primitives)
    let erased = erasedThrough
    while signals.position < end {
      // Positions begin at 1; what stands before it is no part of the chain.
      let before = signals.position == 0 ? Int64.min : signals.position
      let page = try await store.log(after: before, limit: AuditVerifier.page)
      if page.isEmpty { return }
      for entry in page {
        guard chain.follows(entry, signals) else {
          let position = signals.position
          return add("signals", nil, position + 1, AuditVerifier.broken(entry.position, position))
        }
        signals = LogHead(position: entry.position, hash: entry.hash)
        if let hash = stated[entry.position], hash != entry.hash {
          return add(
            "signals", nil, entry.position, "a checkpoint states another hash: it was rewritten")
        }
        if let keyID = entry.keyID, entry.signal == KeyPurged.name {
          purged[keyID] = entry.position
        }
        if entry.payload == nil, entry.position > erased {
          let first = bareSignals[entry.keyID]?.first ?? entry.position
          bareSignals[entry.keyID] = (first, entry.position)
        }
        if entry.position == end { return }
      }
    }
  }

  // MARK: The access log

  private mutating func verify(_ head: AccessHead) async throws(StoreError) {
    let (node, chain) = (head.node, AccessChain(primitives))
    let stated = AuditVerifier.stated(
      chains(of: node, in: statements).map { ($0.position, $0.hash) })
    let prunes = prunes(of: node)
    var summary = AuditReport.Chain(log: "access", node: node)
    summary.position = head.position
    summary.statedThrough = stated.keys.max() ?? 0
    var base = try await base(of: node, stated)
    let oldest = try await store.accessLog(node: node, after: .min, limit: 1).first
    if let oldest, oldest.position <= base.basePosition {
      add("access", node, oldest.position, "it stands among what was pruned")
    }
    var (position, hash) = (base.basePosition, base.baseHash)
    var bare: Set<UUID> = []
    scan: while position < head.position {
      let page = try await store.accessLog(
        node: node, after: position, limit: AuditVerifier.page)
      if page.first?.position != position + 1 {
        // A prune may have overtaken this run: then the chain goes on after what it took.
        let moved = try await self.base(of: node, stated)
        if moved.basePosition > position {
          base = moved
          (position, hash) = (base.basePosition, base.baseHash)
          continue
        }
      }
      if page.isEmpty { break }
      for entry in page {
        guard chain.follows(entry, position: position, hash: hash) else {
          add("access", node, position + 1, AuditVerifier.broken(entry.position, position))
          break scan
        }
        (position, hash) = (entry.position, entry.hash)
        summary.entries += 1
        if let wanted = stated[position] ?? prunes[position], wanted != hash {
          add("access", node, position, "a checkpoint states another hash: it was rewritten")
          break scan
        }
        if !entry.isConsistent {
          add(
            "access", node, position,
            "the path that it is counted by, or the number that it is listed under, is another's")
          break scan
        }
        if entry.payload == nil {
          guard let keyID = entry.keyID else {
            add("access", node, position, "its payload is missing")
            break scan
          }
          if purged[keyID] == nil, bare.insert(keyID).inserted {
            bareEntries.append((entry, keyID))
          }
        }
        if position == head.position { break scan }
      }
    }
    if isWhole("access", node) {
      finish("access", node, last: (position, hash), end: (head.position, head.hash), stated)
    }
    try await findEntry(past: head)
    summary.pruned = base.basePosition
    report.chains.append(summary)
  }

  private func chains(
    of node: String, in statements: [CheckpointStatement]
  ) -> [CheckpointStatement.Chain] {
    statements.flatMap { $0.chains.filter { $0.node.utf8.elementsEqual(node.utf8) } }
  }

  private func prunes(of node: String) -> [Int64: Digest256] {
    AuditVerifier.stated(
      chains(of: node, in: statements + laterStatements).map { ($0.prunedThrough, $0.prunedHash) })
  }

  /// Where a node's chain begins now. What is gone before it a prune has stated.
  private mutating func base(
    of node: String, _ stated: [Int64: Digest256]
  ) async throws(StoreError) -> AccessHead {
    let head = try await store.accessHead(node: node)
    let position = head.basePosition
    var prunes = prunes(of: node)
    if position > prunes.keys.max() ?? 0, !store.dropsOldEntries {
      try await readLaterCheckpoints()
      prunes = self.prunes(of: node)
    }
    if position > prunes.keys.max() ?? 0, !store.dropsOldEntries {
      add("access", node, 1, "entries up to \(position) are missing, and no prune took them")
    } else if let wanted = prunes[position] ?? stated[position], wanted != head.baseHash {
      add("access", node, position, "a checkpoint states another hash: it was rewritten")
    }
    return head
  }

  /// Finds an entry past the node's head. Whatever is appended meanwhile takes the head along.
  private mutating func findEntry(past head: AccessHead) async throws(StoreError) {
    var end = head.position
    while let entry = try await store.accessLog(node: head.node, after: end, limit: 1).first {
      end = try await store.accessHead(node: head.node).position
      if entry.position > end {
        return add("access", head.node, entry.position, AuditVerifier.pastHead)
      }
    }
  }

  // MARK: What is missing

  /// Judges the payloads that were missing, by every purge and prune that can have taken them.
  private mutating func judgeBare() async throws(StoreError) {
    let bareSignals = bareSignals
    try await readLaterCheckpoints()
    let end = try await store.logHead()
    if isWhole("signals", nil) {
      try await followSignals(through: end.position, [:])
      try await findSignal(past: end)
    }
    let erased = erasedThrough
    for (keyID, bare) in bareSignals {
      let purge = keyID.flatMap { purged[$0] } ?? 0
      if bare.last > max(purge, erased) {
        add(
          "signals", nil, bare.first > erased ? bare.first : bare.last,
          "its payload is missing, and no later purge or prune took it")
      }
    }
    for (entry, keyID) in bareEntries where purged[keyID] == nil {
      // PostgreSQL's store erases most of a key's entries before the purge itself.
      add(
        "access", entry.node, entry.position,
        "its payload is missing, and its key, \(entry.prefix ?? keyID.text), was not purged; if a "
          + "purge of it was cut off, repeat it")
    }
  }

  private mutating func findSignal(past head: LogHead) async throws(StoreError) {
    var end = head.position
    while let entry = try await store.log(after: end, limit: 1).first {
      end = try await store.logHead().position
      if entry.position > end {
        return add("signals", nil, entry.position, AuditVerifier.pastHead)
      }
    }
  }

  // MARK: Both

  /// Judges the end of a chain that is whole up to `last`.
  private mutating func finish(
    _ log: String, _ node: String?, last: (position: Int64, hash: Digest256),
    end: (position: Int64, hash: Digest256), _ stated: [Int64: Digest256]
  ) {
    if last.position < end.position {
      add(log, node, last.position + 1, "it is missing, and everything up to \(end.position)")
    } else if last.position == end.position, last.hash != end.hash {
      add(log, node, last.position, "the head's hash is another")
    } else if let further = stated.keys.max(), further > end.position {
      add(
        log, node, end.position + 1,
        "it is missing, and everything up to \(further), which a checkpoint states")
    }
  }

  private static let pastHead = "it stands past the head, where nothing was appended"

  private static func broken(_ found: Int64, _ before: Int64) -> String {
    found == before + 1
      ? "it does not follow the entry before it: it, or that one, was changed"
      : "it is missing; entry \(found) stands in its place"
  }

  /// By position. Two statements of one position that differ can't both hold: the first one counts.
  private static func stated(_ pairs: [(Int64, Digest256)]) -> [Int64: Digest256] {
    Dictionary(pairs.filter { $0.0 > 0 }) { first, _ in first }
  }
}
