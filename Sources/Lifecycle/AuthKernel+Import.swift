extension AuthKernel {
  /// Whether a key of this prefix is here.
  package func holdsImported(prefix: String) async throws(LifecycleError) -> Bool {
    try await inStore { () async throws(StoreError) in try await store.find(prefix: prefix) } != nil
  }

  /// Throws unless a key of another system can be kept as it is. A tombstone needs a prefix only.
  package func checkImported(_ key: KeyRecord) throws(LifecycleError) {
    try checkImportedPrefix(key)
    if key.status == .purged { return }
    try LifecycleRules.checkName(key.name)
    try LifecycleRules.checkDescription(key.description)
    try LifecycleRules.checkClass(key.keyClass)
    try LifecycleRules.checkMetadata(key.metadata)
    guard key.scopes.names.count <= 256 else {
      throw .invalid(field: "scopes", reason: "must be at most 256 names")
    }
    // What another system compared as it stands must not become a pattern or a power here.
    for name in key.scopes.names
    where !ScopeSet.isValid(name) || name.utf8.starts(with: "cardea:".utf8)
      || name.utf8.contains(UInt8(ascii: "*"))
    {
      throw .invalid(field: "scopes", reason: "the name \(name) can't be a scope here")
    }
    guard let hash = key.secrets.first?.hash else {
      throw .invalid(field: "hash", reason: "is missing")
    }
    guard let hasher = hashers[hash.algorithm] else {
      throw .invalid(field: "hash", reason: "no hasher here verifies \(hash.algorithm.prefix(32))")
    }
    do throws(HasherError) { try hasher.check(hash) } catch {
      switch error {
      case .beyondCeiling(_, let limit):
        throw .invalid(field: "hash", reason: "costs more than is ever run (\(limit))")
      default: throw .invalid(field: "hash", reason: "is no readable \(hash.algorithm) hash")
      }
    }
  }

  private func checkImportedPrefix(_ key: KeyRecord) throws(LifecycleError) {
    guard let format = formats.registered.first(where: { $0.name == key.format }) else {
      throw .invalid(field: "format", reason: "no format \(key.format) is registered")
    }
    // A shaped format says itself under which prefixes it has tokens; a catch-all derives them.
    if format is any CatchAllFormat { return }
    _ = try build(format, prefix: key.prefix)
  }

  /// Keeps owners of another system that are not here yet, each with its signal.
  package func importOwners(
    _ owners: [OwnerRecord]
  ) async throws(LifecycleError) -> [ImportOutcome] {
    let now = time.now()
    var changes: [PreparedChange] = []
    for owner in owners {
      let created = OwnerCreated(
        at: now, actor: Actor.importer.description, owner: OwnerFacts(owner))
      changes.append(
        PreparedChange([try announce(created, owner: owner.id)], primitives) {
          $0.owner = .insert(owner)
        })
    }
    return try await commitImported(changes)
  }

  /// Readies a key of another system to be kept with its signal; a tombstone with a second one, which accounts for
  /// what its entries in the access log lack. It is to be checked before. Asks nothing of the store.
  package func readyImported(_ stored: StoredKey) throws(LifecycleError) -> ImportedKey {
    let now = time.now()
    let created = KeyCreated(
      at: now, actor: Actor.importer.description, key: KeyFacts(stored, at: now))
    var announcements = [try announce(created, key: stored.key)]
    if stored.key.status == .purged {
      let purged = KeyPurged(at: now, actor: created.actor, key: created.key)
      announcements.append(try announce(purged, key: stored.key))
    }
    return ImportedKey(
      change: PreparedChange(announcements, primitives) { $0.key = .insert(stored.key) })
  }

  /// Keeps keys of another system that are not here yet.
  package func importKeys(
    _ keys: [ImportedKey]
  ) async throws(LifecycleError) -> [ImportOutcome] {
    try await commitImported(keys.map(\.change))
  }

  /// How far another system's own log is here already.
  package func importedLogHead(node: String) async throws(LifecycleError) -> AccessHead {
    let store = try logStore()
    return try await inStore { () async throws(StoreError) in
      try await store.accessHead(node: node)
    }
  }

  /// Appends rows of another system's own log to the access log; the node's head after them. `.conflict` if its head
  /// is not at `sequence`.
  /// - Parameter last: the number of the last row that the drafts come from, to go on after.
  package func importLog(
    _ drafts: [AccessDraft], node: String, after sequence: Int64, through last: Int64
  ) async throws(LifecycleError) -> AccessHead {
    let store = try logStore()
    let batch = AccessBatch(
      node: node, after: sequence, through: last, drafts: drafts, primitives: primitives)
    return try await inStore { () async throws(StoreError) in try await store.append(batch) }
  }

  private func commitImported(
    _ changes: [PreparedChange]
  ) async throws(LifecycleError) -> [ImportOutcome] {
    var outcomes: [ImportOutcome] = []
    for result in await commit(changes) {
      switch result {
      case .success: outcomes.append(.imported)
      case .failure(.duplicate): outcomes.append(.present)
      case .failure(let error):
        let refusal = LifecycleError(error)
        if case .storeUnavailable = refusal { throw refusal }
        outcomes.append(.refused(refusal.description))
      }
    }
    return outcomes
  }
}
