import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One import: owners first, then keys, then the other system's own log, in batches.
///
/// What is here already stays as it is, whatever the source says of it, so an import that was cut off is simply
/// run again, and none revives a key that was ended here. Ids follow from the rows, so that they are the same in
/// every import.
struct ImportRun {
  let reader: any SourceReader
  let source: any SourceDatabase
  let session: Session
  let isDry: Bool
  let disablesInactive: Bool
  /// Whether the store was there before; else nothing in it can be.
  let storeExists: Bool

  /// Rows that go to the store at a time: one or two transactions.
  static let batch = 2_000

  var kernel: AuthKernel { session.kernel }

  func run() async throws -> ImportReport {
    var report = ImportReport(source: reader.name, dryRun: isDry)
    let owners = try await importOwners(&report)
    let log = try reader.log(in: source)
    let head = if let log { try await head(of: log) } else { AccessHead?.none }
    var progress = ImportProgress(
      session.console,
      total: try reader.total(in: source) + (log?.count(after: head?.sequence ?? 0) ?? 0))
    var namespaces: [String: Int] = [:]
    let items = try reader.keys(in: source)
    let (kernel, isDry, storeExists) = (kernel, isDry, storeExists)
    try await Overlap.run {
      var batch = KeyBatch()
      while batch.keys.count < ImportRun.batch, let item = try items.next() {
        report.rows += 1
        switch item {
        case .faulty(let row, let reason): report.refuse(row, reason)
        case .record(let row):
          do throws(LifecycleError) {
            let stored = try ready(row, owners, &report)
            for note in row.notes { report.note(row.row, note) }
            if !isDry { batch.changes.append(try kernel.readyImported(stored)) }
            batch.keys.append(stored.key)
            batch.names.append(row.row)
            if let namespace = ImportRun.namespace(row.prefix) {
              namespaces[namespace, default: 0] += 1
            }
          } catch { report.refuse(row.row, "\(error)") }
        }
      }
      batch.rows = report.rows
      return batch.keys.isEmpty ? nil : batch
    } write: { (batch: KeyBatch) in
      if !isDry { return try await kernel.importKeys(batch.changes) }
      var outcomes: [ImportOutcome] = []
      for key in batch.keys {
        let isHere = storeExists ? try await kernel.holdsImported(prefix: key.prefix) : false
        outcomes.append(isHere ? .present : .imported)
      }
      return outcomes
    } settle: { batch, outcomes in
      try await settle(batch, outcomes, &report)
      progress.show(batch.rows)
    }
    progress.show(report.rows)
    if let log, let head { try await importLog(log, after: head, &report, &progress) }
    progress.end()
    // New tokens look like the old ones where the format takes a namespace at all.
    let usual = namespaces.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    let needed = reader.needs.settings(
      beside: session.settings, namespace: reader.needs.format == "keysmith" ? usual : nil)
    report.needed(needed, beside: session.settings)
    return report
  }

  private static func namespace(_ prefix: String) -> String? {
    prefix.lastIndex(of: "_").map { String(prefix[..<$0]) }
  }

  // MARK: Owners

  /// The owners' records by what the source calls them.
  private func importOwners(
    _ report: inout ImportReport
  ) async throws -> [OwnerReference: OwnerRecord] {
    var owners: [OwnerReference: OwnerRecord] = [:]
    var batch: [OwnerRecord] = []
    let items = try reader.owners(in: source)
    while let item = try items.next() {
      switch item {
      case .faulty(let row, let reason): report.refuse(row, reason)
      case .record(let owner):
        if owners[owner.reference] != nil { continue }
        guard (1...512).contains(owner.name.utf8.count) else {
          report.refuse("owner", "the name is empty or longer than 512 bytes")
          continue
        }
        if storeExists, let here = try await kernel.findOwner(owner.reference) {
          report.owners.alreadyHere += 1
          if owner.isInactive, disablesInactive, !here.disabled {
            report.note(
              owner.name, "the owner is here already and stays enabled: cardea owners disable")
          }
          owners[owner.reference] = here
          continue
        }
        let record = record(of: owner, &report)
        owners[owner.reference] = record
        report.owners.imported += 1
        batch.append(record)
      }
      if batch.count == ImportRun.batch {
        try await keep(batch)
        batch = []
      }
    }
    try await keep(batch)
    return owners
  }

  private func keep(_ owners: [OwnerRecord]) async throws {
    if isDry || owners.isEmpty { return }
    for (owner, outcome) in zip(owners, try await kernel.importOwners(owners)) {
      if case .imported = outcome { continue }
      throw CommandFailure.refused(
        "conflict", "the owner \(owner.name) was made by somebody else at the same moment",
        remedy: "Run the import again: what is done stays done.")
    }
  }

  private func record(of owner: SourceOwner, _ report: inout ImportReport) -> OwnerRecord {
    var metadata: [String: JSONValue] = ["imported_from": .string(reader.name)]
    var disabled = false
    if owner.isInactive {
      metadata["inactive"] = .bool(true)
      disabled = disablesInactive
      report.owners.inactive += 1
      if disabled { report.owners.disabled += 1 }
    }
    // By their bytes, as every store compares them.
    let all = Set(owner.members.map { Array($0.utf8) })
      .sorted { $0.lexicographicallyPrecedes($1) }
    let members = all.prefix(LifecycleRules.mostMembers).map { String(decoding: $0, as: UTF8.self) }
    if members.count < all.count {
      report.note(owner.name, "only the first \(members.count) of \(all.count) members are kept")
    }
    let created = owner.createdAt ?? session.now
    return OwnerRecord(
      id: id("owner \(owner.kind.rawValue) \(owner.name)", at: created), kind: owner.kind,
      name: owner.name, maxKeys: owner.maxKeys, disabled: disabled, createdAt: created,
      metadata: metadata, members: members)
  }

  // MARK: Keys

  /// The key as it is to be kept.
  private func ready(
    _ row: SourceKey, _ owners: [OwnerReference: OwnerRecord], _ report: inout ImportReport
  ) throws(LifecycleError) -> StoredKey {
    let created = row.createdAt ?? session.now
    let id = id("key \(row.seed)", at: created)
    guard row.status != .purged else {
      let key = KeyRecord(
        id: id, prefix: row.prefix, name: "", kind: row.kind, status: .purged, format: row.format,
        createdAt: created, createdBy: Actor.importer.description, expiresAt: row.expiresAt,
        lastUsedAt: row.lastUsedAt, secrets: [])
      try kernel.checkImported(key)
      return StoredKey(key: key)
    }
    var owner: OwnerRecord?
    if let reference = row.owner {
      guard let found = owners[reference] else {
        throw .invalid(field: "owner", reason: "was not taken")
      }
      owner = found
    }
    var metadata = row.metadata
    metadata["imported_from"] = .string(reader.name)
    let secret = StoredSecret(
      id: self.id("secret \(row.seed)", at: created), hash: EncodedHash(row.hash),
      format: row.format, createdAt: created, lastUsedAt: row.lastUsedAt)
    let key = KeyRecord(
      id: id, prefix: row.prefix, name: name(row, &report),
      description: description(row, &report), kind: row.kind, keyClass: row.keyClass,
      ownerID: owner?.id, scopes: ScopeSet(row.scopes), status: row.status, format: row.format,
      createdAt: created, createdBy: Actor.importer.description, expiresAt: row.expiresAt,
      lastUsedAt: row.lastUsedAt, metadata: metadata, secrets: [secret])
    try kernel.checkImported(key)
    return StoredKey(key: key, owner: owner)
  }

  /// Names and descriptions that are too long or hold control characters are no reason to break a client.
  private func name(_ row: SourceKey, _ report: inout ImportReport) -> String {
    let visible = ImportRun.visible(row.name)
    var name = String(visible.prefix(128))
    while name.utf8.count > 512 { name.removeLast() }
    if name.isEmpty { return row.prefix }
    if name != row.name {
      report.note(row.row, "its name was cut or cleaned of control characters")
    }
    return name
  }

  private func description(_ row: SourceKey, _ report: inout ImportReport) -> String {
    var text = ImportRun.visible(row.description)
    while text.utf8.count > 1_024 { text.removeLast() }
    if text != row.description {
      report.note(row.row, "its description was cut or cleaned of control characters")
    }
    return text
  }

  /// The text without control characters.
  private static func visible(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
  }

  /// Keys that go to the store together.
  private struct KeyBatch: Sendable {
    var keys: [KeyRecord] = []
    /// The same, ready to be kept; none on a dry run.
    var changes: [ImportedKey] = []
    /// What messages call their rows.
    var names: [String] = []
    /// Rows read up to its end.
    var rows = 0
  }

  private func settle(
    _ batch: KeyBatch, _ outcomes: [ImportOutcome], _ report: inout ImportReport
  ) async throws {
    for (index, outcome) in outcomes.enumerated() {
      let (row, key) = (batch.names[index], batch.keys[index])
      switch outcome {
      case .imported:
        report.imported += 1
        report.states[key.state(at: session.now).rawValue, default: 0] += 1
      case .present:
        report.alreadyHere += 1
        report.met.insert(key.prefix)
        try await compare(row, key, &report)
      case .refused(let reason): report.refuse(row, reason)
      }
    }
  }

  /// A key of which the source has taken something since it was imported is named: taking it here is for a person to do.
  private func compare(
    _ row: String, _ key: KeyRecord, _ report: inout ImportReport
  ) async throws {
    let here = try await kernel.key(prefix: key.prefix).key
    guard here.state(at: session.now) == .active else { return }
    let there = key.state(at: session.now)
    guard there == .active else {
      report.note(row, "\(there.rawValue) there, active here: cardea keys revoke \(here.prefix)")
      return
    }
    let edit = "cardea keys update \(here.prefix)"
    if let end = key.expiresAt, end < here.expiresAt ?? .latest {
      report.note(row, "ends earlier there, at \(end.rfc3339): \(edit)")
    }
    let lost = here.scopes.names.filter { !key.scopes.grants($0) }
    if !lost.isEmpty {
      report.note(
        row, "has scopes here that it has not there (\(lost.joined(separator: " "))): \(edit)")
    }
    // Of a hash that was made anew here only the source's own log could tell.
    if let secret = key.secrets.first, let own = here.secrets.first(where: { $0.id == secret.id }),
      own.hash.algorithm == secret.hash.algorithm, own.hash != secret.hash
    {
      noteRotation(row, here.prefix, &report)
    }
  }

  /// Once for a key, whoever tells.
  func noteRotation(_ row: String, _ prefix: String, _ report: inout ImportReport) {
    guard report.met.remove(prefix) != nil else { return }
    report.note(
      row,
      "rotated there: here the token of before is good and its new one is not: "
        + "cardea keys rotate \(prefix)")
  }

  // MARK: Ids

  /// A UUIDv7 that follows from the row, so that importing twice makes the same one.
  func id(_ seed: String, at created: Timestamp) -> UUID {
    let digest = kernel.primitives.sha256(Array("cardea import \(reader.name) \(seed)".utf8)).bytes
    return UUID.version7(at: created, random: Array(digest.prefix(10)))
  }
}
