#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// Goes through both logs and finds the first broken entry of each chain: edits, deletions, reorderings, cuts, and
  /// payloads that are missing without a purge or a prune.
  /// - Parameter keys: the public keys whose checkpoints count. With none, whoever may write to the database could
  ///   have made the logs anew: only accidents are found.
  public func verifyAudit(
    keys: [Ed25519.PublicKey] = []
  ) async throws(LifecycleError) -> AuditReport {
    let store = try logStore()
    do throws(StoreError) {
      var bases = try await store.accessHeads().map(\.basePosition)
      for attempt in 1... {
        var verifier = AuditVerifier(store: store, primitives: primitives, keys: keys)
        let report = try await verifier.run()
        // A prune that went on meanwhile looks like entries that are missing.
        let now = try await store.accessHeads().map(\.basePosition)
        if report.isIntact || now == bases || attempt == 5 { return report }
        bases = now
      }
      return AuditReport()
    } catch { throw LifecycleError(error) }
  }
}

/// One run over both logs. Entries that arrive meanwhile are not looked at.
private struct AuditVerifier {
  private static let page = 1_000

  let store: any AccessLogStore
  let primitives: any Primitives
  let keys: [Ed25519.PublicKey]

  private var report = AuditReport()
  private var statements: [CheckpointStatement] = []
  /// Keys that were purged, by the position that says so.
  private var purged: [UUID: Int64] = [:]

  init(store: any AccessLogStore, primitives: any Primitives, keys: [Ed25519.PublicKey]) {
    self.store = store
    self.primitives = primitives
    self.keys = keys
  }

  mutating func run() async throws(StoreError) -> AuditReport {
    report.isSigned = !keys.isEmpty
    // Checkpoints before heads: a head that is older than a checkpoint would look cut.
    try await readCheckpoints()
    let signals = try await store.logHead()
    let heads = try await store.accessHeads()
    try await verifySignals(through: signals)
    for head in heads { try await verify(head) }
    for node in Set(statements.flatMap { $0.chains.map(\.node) }).sorted()
    where !heads.contains(where: { $0.node.utf8.elementsEqual(node.utf8) }) {
      report.chains.append(AuditReport.Chain(log: "access", node: node))
      add("access", node, 0, "the node's chain is gone, which a checkpoint states")
    }
    return report
  }

  /// Only the first of each chain.
  private mutating func add(
    _ log: String, _ node: String?, _ position: Int64, _ problem: String
  ) {
    guard !report.faults.contains(where: { $0.log == log && $0.node == node }) else { return }
    report.faults.append(
      AuditReport.Fault(log: log, node: node, position: position, problem: problem))
  }

  // MARK: Checkpoints

  private mutating func readCheckpoints() async throws(StoreError) {
    var number: Int64 = 0
    report.awaitsSignature = !keys.isEmpty
    while true {
      let page = try await store.checkpoints(after: number, limit: AuditVerifier.page)
      if page.isEmpty { break }
      for checkpoint in page {
        if checkpoint.number != number + 1 {
          add("checkpoints", nil, number + 1, "it is missing")
        }
        number = checkpoint.number
        report.checkpoints += 1
        if checkpoint.signature != nil { report.awaitsSignature = false }
        read(checkpoint)
      }
    }
    if !keys.isEmpty, report.signed == 0 {
      add("checkpoints", nil, number, "none is signed by the key that was given")
    }
  }

  private mutating func read(_ checkpoint: Checkpoint) {
    guard let statement = CheckpointStatement(checkpoint.text),
      statement.number == checkpoint.number
    else { return add("checkpoints", nil, checkpoint.number, "its text can't be read") }
    guard !keys.isEmpty else { return statements.append(statement) }
    guard let key = checkpoint.publicKey, let signature = checkpoint.signature else {
      // Those from before there was a key state nothing, and are no fault.
      if report.signed > 0 { add("checkpoints", nil, checkpoint.number, "it is not signed") }
      return
    }
    guard keys.contains(key) else {
      return add(
        "checkpoints", nil, checkpoint.number, "it is signed by another key, \(Hex.text(key.bytes))"
      )
    }
    guard primitives.isValid(signature, of: checkpoint.text, by: key) else {
      return add("checkpoints", nil, checkpoint.number, "its signature does not match its text")
    }
    report.signed += 1
    statements.append(statement)
  }

  // MARK: The signal log

  private mutating func verifySignals(through end: LogHead) async throws(StoreError) {
    let chain = LogChain(primitives)
    var summary = AuditReport.Chain(log: "signals", node: nil)
    summary.position = end.position
    let stated = AuditVerifier.stated(statements.map { ($0.signals.position, $0.signals.hash) })
    let erasedThrough = statements.map(\.erasedThrough).max() ?? 0
    /// Of each key, the last entry without a payload that no prune covers.
    var missing: [UUID: (first: Int64, last: Int64)] = [:]
    var head = LogHead.empty
    scan: while head.position < end.position {
      let page = try await store.log(after: head.position, limit: AuditVerifier.page)
      if page.isEmpty { break }
      for entry in page {
        guard chain.follows(entry, head) else {
          add(
            "signals", nil, head.position + 1, AuditVerifier.broken(entry.position, head.position))
          break scan
        }
        head = LogHead(position: entry.position, hash: entry.hash)
        summary.entries += 1
        if let hash = stated[entry.position], hash != entry.hash {
          add("signals", nil, entry.position, "a checkpoint states another hash: it was rewritten")
          break scan
        }
        if let keyID = entry.keyID, entry.signal == KeyPurged.name {
          purged[keyID] = entry.position
        }
        if entry.payload == nil, entry.position > erasedThrough {
          guard let keyID = entry.keyID else {
            add("signals", nil, entry.position, "its payload is missing")
            break scan
          }
          missing[keyID] = (missing[keyID]?.first ?? entry.position, entry.position)
        }
        if entry.position == end.position { break scan }
      }
    }
    let uncovered = missing.filter { (purged[$0.key] ?? 0) < $0.value.last }.map(\.value.first)
    if let first = uncovered.min() {
      add("signals", nil, first, "its payload is missing, and no later purge or prune took it")
    }
    if !report.faults.contains(where: { $0.log == "signals" }) {
      finish(
        "signals", nil, last: (head.position, head.hash), end: (end.position, end.hash), stated)
    }
    summary.statedThrough = stated.keys.max() ?? 0
    report.chains.append(summary)
  }

  // MARK: The access log

  private mutating func verify(_ head: AccessHead) async throws(StoreError) {
    let chain = AccessChain(primitives)
    let stated = AuditVerifier.stated(
      statements.flatMap { statement in
        statement.chains.filter { $0.node.utf8.elementsEqual(head.node.utf8) }.map {
          ($0.position, $0.hash)
        }
      })
    let prunes = AuditVerifier.stated(
      statements.flatMap { statement in
        statement.chains.filter { $0.node.utf8.elementsEqual(head.node.utf8) }.map {
          ($0.prunedThrough, $0.prunedHash)
        }
      })
    // A prune may have gone on since the head was read.
    let base = try await store.accessHead(node: head.node)
    var summary = AuditReport.Chain(log: "access", node: head.node)
    summary.pruned = base.basePosition
    summary.position = head.position
    summary.statedThrough = stated.keys.max() ?? 0
    var (position, hash) = (base.basePosition, base.baseHash)
    if position > prunes.keys.max() ?? 0, !store.dropsOldEntries {
      add("access", head.node, 1, "entries up to \(position) are missing, and no prune took them")
    } else if let wanted = prunes[position] ?? stated[position], position > 0, wanted != hash {
      add("access", head.node, position, "a checkpoint states another hash: it was rewritten")
    }
    scan: while position < head.position {
      let page = try await store.accessLog(
        node: head.node, after: position, limit: AuditVerifier.page)
      if page.isEmpty { break }
      for entry in page {
        guard chain.follows(entry, position: position, hash: hash) else {
          add("access", head.node, position + 1, AuditVerifier.broken(entry.position, position))
          break scan
        }
        (position, hash) = (entry.position, entry.hash)
        summary.entries += 1
        if let wanted = stated[position] ?? prunes[position], wanted != hash {
          add("access", head.node, position, "a checkpoint states another hash: it was rewritten")
          break scan
        }
        if !entry.isConsistent {
          add("access", head.node, position, "the path that it is counted by is not its payload's")
          break scan
        }
        if entry.payload == nil, entry.keyID.map({ purged[$0] == nil }) ?? true {
          add("access", head.node, position, "its payload is missing, and its key was not purged")
          break scan
        }
        if position == head.position { break scan }
      }
    }
    if !report.faults.contains(where: { $0.log == "access" && $0.node == head.node }) {
      finish("access", head.node, last: (position, hash), end: (head.position, head.hash), stated)
    }
    report.chains.append(summary)
  }

  // MARK: Both

  /// Judges the end of a chain that is whole up to `last`.
  private mutating func finish(
    _ log: String, _ node: String?, last: (position: Int64, hash: Digest256),
    end: (position: Int64, hash: Digest256), _ stated: [Int64: Digest256]
  ) {
    if last.position < end.position {
      add(log, node, last.position + 1, "it is missing, and everything up to \(end.position)")
    } else if last.hash != end.hash {
      add(log, node, last.position, "the head's hash is another")
    } else if let further = stated.keys.max(), further > end.position {
      add(
        log, node, end.position + 1,
        "it is missing, and everything up to \(further), which a checkpoint states")
    }
  }

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
