import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Everything that the store holds, and how a change is applied to it: first every check, then every write,
/// so that a refused change has written nothing.
struct Contents: Sendable {
  private(set) var owners: [UUID: OwnerRecord] = [:]
  var log = MemoryLog()
  var accessLog = MemoryAccessLog()
  var cursors = MemorySubscriptions()
  var records = MemoryPluginRecords()
  var quotas = MemoryQuotas()

  private var keys: [UUID: KeyRecord] = [:]
  private var idByPrefix: [Bytes: UUID] = [:]
  /// Ids in order of their bytes, which is their order of creation: listings go through it from its end.
  private var order: [UUID] = []
  private var ownerIDs: [OwnerName: UUID] = [:]
  /// How many keys of each owner count towards its limit.
  private var counted: [UUID: Int] = [:]
  private var idempotency: [IdempotencyUse: IdempotencyRecord] = [:]
  /// How many uses there may be before those that are too old are dropped.
  private var idempotencyBound = 1024

  private struct OwnerName: Hashable, Comparable {
    let kind: OwnerRecord.Kind
    let name: Bytes

    init(_ kind: OwnerRecord.Kind, _ name: String) {
      self.kind = kind
      self.name = Bytes(name)
    }

    static func < (left: OwnerName, right: OwnerName) -> Bool {
      (left.kind.rawValue, left.name) < (right.kind.rawValue, right.name)
    }
  }

  private struct IdempotencyUse: Hashable {
    let actor: Bytes
    let key: Bytes
  }

  // MARK: Reading

  func key(id: UUID) -> StoredKey? {
    keys[id].map { StoredKey(key: $0, owner: $0.ownerID.flatMap { owners[$0] }) }
  }

  func key(prefix: String) -> StoredKey? { idByPrefix[Bytes(prefix)].flatMap(key(id:)) }

  func owner(kind: OwnerRecord.Kind, name: String) -> OwnerRecord? {
    ownerIDs[OwnerName(kind, name)].flatMap { owners[$0] }
  }

  /// The kept use of `key` by `actor`, however old.
  func idempotency(actor: String, key: String) -> IdempotencyRecord? {
    idempotency[IdempotencyUse(actor: Bytes(actor), key: Bytes(key))]
  }

  func page(_ query: KeyQuery) -> Page<StoredKey> {
    let limit = min(max(query.limit, 1), 1_000)
    // One more than the page holds tells that another follows.
    let found = query.sort == .newest ? newest(query, limit + 1) : first(query, limit + 1)
    let items = found.prefix(limit).compactMap { key(id: $0) }
    return Page(items: items, next: found.count > limit ? items.last?.key.id : nil)
  }

  private func newest(_ query: KeyQuery, _ most: Int) -> [UUID] {
    let end = query.after.map { order.firstIndex(notBefore: $0.id) } ?? order.count
    let fitting = order[..<end].reversed().lazy.filter { keys[$0].map(query.takes) ?? false }
    return Array(fitting.prefix(most))
  }

  /// In any other order: one pass over the keys, of which the first that follow the cursor are kept.
  private func first(_ query: KeyQuery, _ most: Int) -> [UUID] {
    var found: [KeyCursor] = []
    for key in keys.values {
      let place = KeyCursor(of: key, in: query.sort)
      if let after = query.after, !after.precedes(place) { continue }
      if found.count == most, let last = found.last, !place.precedes(last) { continue }
      guard query.takes(key) else { continue }
      if found.count == most { found.removeLast() }
      found.insert(place, at: found.firstIndex { place.precedes($0) })
    }
    return found.map(\.id)
  }

  private func isMember(_ user: String, of name: OwnerName) -> Bool {
    guard let owner = ownerIDs[name].flatMap({ owners[$0] }) else { return false }
    return owner.members.contains { Bytes($0) == Bytes(user) }
  }

  /// How many secrets of living keys need a scheme that is not known.
  func hashUses(besides known: Set<String>) -> [HashUse] {
    var counts: [String: Int] = [:]
    for key in keys.values where key.status == .active || key.status == .suspended {
      for secret in key.secrets {
        let scheme = secret.hash.scheme
        if !known.contains(scheme) { counts[scheme, default: 0] += 1 }
      }
    }
    return counts.map { HashUse(scheme: $0.key, count: $0.value) }.sorted { $0.scheme < $1.scheme }
  }

  func page(_ query: OwnerQuery) -> Page<OwnerRecord> {
    let limit = min(max(query.limit, 1), 1_000)
    var names = ownerIDs.keys.filter { name in
      (query.kind.map { $0 == name.kind } ?? true)
        && (query.name.map { Bytes($0) == name.name } ?? true)
        && (query.member.map { isMember($0, of: name) } ?? true)
    }
    if let after = query.after {
      guard let last = owners[after] else { return Page(items: [], next: nil) }
      let lastName = OwnerName(last.kind, last.name)
      names = names.filter { query.descending ? $0 < lastName : lastName < $0 }
    }
    let sorted = query.descending ? names.sorted(by: >) : names.sorted()
    let found = sorted.prefix(limit + 1).compactMap { ownerIDs[$0].flatMap { owners[$0] } }
    return Page(found, limit: limit, id: \.id)
  }

  // MARK: Changing

  /// Applies `change`; the log's position after it.
  mutating func apply(_ change: StoreChange) throws(StoreError) -> Int64 {
    if change.onlyIfEmpty, !keys.isEmpty { throw .notEmpty }
    // Before the key, so that a repeated request hears `.idempotencyUsed` and not `.ownerLimit`.
    if let use = change.idempotency,
      let earlier = idempotency(actor: use.actor, key: use.key),
      earlier.isRemembered(at: use.usedAt)
    {
      throw .idempotencyUsed(earlier)
    }
    if let owner = change.owner { try check(owner) }
    var key = try change.key.map { (key) throws(StoreError) in
      try checked(key, newOwner: change.owner?.record)
    }
    if let rehash = change.rehash {
      let target = key?.prefix == rehash.prefix ? key : self.key(prefix: rehash.prefix)?.key
      key = try rehash.applied(to: target)
    }
    if let record = change.record { try records.check(record) }
    if !change.isRehearsal { write(change, key: key) }
    return log.head.position
  }

  /// Raises the dates of last use; what is unknown or purged meanwhile is passed over.
  mutating func apply(_ usage: [KeyUsage]) {
    for use in usage {
      guard let id = idByPrefix[Bytes(use.prefix)], var key = keys[id],
        let index = key.secrets.firstIndex(where: { $0.id == use.secretID })
      else { continue }
      key.lastUsedAt = later(key.lastUsedAt, use.lastUsedAt)
      key.secrets[index].lastUsedAt = later(key.secrets[index].lastUsedAt, use.lastUsedAt)
      key.secrets[index].addresses.formUnion(use.addresses)
      keys[id] = key
    }
  }

  /// Appends a batch, and lets go of the oldest entries of its node beyond `most`.
  mutating func append(
    _ batch: AccessBatch, keeping most: Int
  ) throws(StoreError) -> AccessHead {
    let head = try accessLog.append(batch) { keys[$0]?.status == .purged }
    let excess = head.position - head.basePosition - Int64(max(most, 0))
    guard excess > 0 else { return head }
    _ = accessLog.prune(
      node: head.node, through: head.basePosition + excess, limit: Int(clamping: excess))
    return accessLog.head(head.node)
  }

  mutating func checkpoint(
    _ draft: (Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) -> Checkpoint? {
    let heads = CheckpointHeads(signals: log.head, nodes: accessLog.allHeads)
    let checkpoint = draft(accessLog.checkpoints.last, heads)
    if let checkpoint { accessLog.add(checkpoint) }
    return checkpoint
  }

  private mutating func write(_ change: StoreChange, key: KeyRecord?) {
    if let owner = change.owner?.record {
      owners[owner.id] = owner
      ownerIDs[OwnerName(owner.kind, owner.name)] = owner.id
    }
    if let key { write(key) }
    if let use = change.idempotency { write(use) }
    if let keyID = change.erasesLogOf {
      log.erase(keyID)
      accessLog.erase(keyID)
      idempotency = idempotency.filter { $0.value.keyID != keyID }
    }
    switch change.record {
    case .put(let record, let collection): records.write(record, collection)
    case .remove(let id, let collections, let subscription):
      _ = records.remove(id, collections)
      cursors.forget(subscription)
    case nil: break
    }
    for entry in change.entries(after: log.head) { log.append(entry) }
  }

  private mutating func write(_ key: KeyRecord) {
    let earlier = keys.updateValue(key, forKey: key.id)
    if earlier == nil {
      idByPrefix[Bytes(key.prefix)] = key.id
      order.insert(key.id, at: order.firstIndex(notBefore: key.id))
    }
    if let ownerID = earlier?.countedOwnerID { counted[ownerID, default: 0] -= 1 }
    if let ownerID = key.countedOwnerID { counted[ownerID, default: 0] += 1 }
  }

  private mutating func write(_ use: IdempotencyRecord) {
    idempotency[IdempotencyUse(actor: Bytes(use.actor), key: Bytes(use.key))] = use
    guard idempotency.count > idempotencyBound else { return }
    idempotency = idempotency.filter { $0.value.isRemembered(at: use.usedAt) }
    // Twice what stays, so that dropping costs each use a constant share.
    idempotencyBound = max(1024, idempotency.count * 2)
  }

  // MARK: Checking

  private func check(_ write: StoreChange.Write<OwnerRecord>) throws(StoreError) {
    switch write {
    case .insert(let owner):
      if owners[owner.id] != nil { throw .duplicate(field: "id") }
      if ownerIDs[OwnerName(owner.kind, owner.name)] != nil { throw .duplicate(field: "owner") }
    case .replace(let owner, let expected):
      guard let stored = owners[owner.id], stored.revision == expected,
        OwnerName(stored.kind, stored.name) == OwnerName(owner.kind, owner.name)
      else { throw .conflict }
    }
  }

  /// The key as it is to be written.
  private func checked(
    _ write: StoreChange.Write<KeyRecord>, newOwner: OwnerRecord?
  ) throws(StoreError) -> KeyRecord {
    switch write {
    case .insert(let key):
      if idByPrefix[Bytes(key.prefix)] != nil { throw .duplicate(field: "prefix") }
      if keys[key.id] != nil { throw .duplicate(field: "id") }
      try ensureRoom(for: key, instead: nil, newOwner: newOwner)
      return key
    case .replace(let key, let expected):
      guard let stored = keys[key.id], stored.revision == expected,
        Bytes(stored.prefix) == Bytes(key.prefix)
      else { throw .conflict }
      try ensureRoom(for: key, instead: stored, newOwner: newOwner)
      return key.keepingWork(of: stored)
    }
  }

  private func ensureRoom(
    for key: KeyRecord, instead stored: KeyRecord?, newOwner: OwnerRecord?
  ) throws(StoreError) {
    guard let ownerID = key.ownerID else { return }
    // The owner was not there when the change was made up, or the change names no real one.
    guard let owner = newOwner?.id == ownerID ? newOwner : owners[ownerID] else { throw .conflict }
    guard key.countedOwnerID != nil, stored?.countedOwnerID != ownerID, owner.maxKeys >= 0 else {
      return
    }
    if counted[ownerID, default: 0] >= owner.maxKeys { throw .ownerLimit(owner.maxKeys) }
  }
}

private func later(_ left: Timestamp?, _ right: Timestamp?) -> Timestamp? {
  [left, right].compactMap { $0 }.max()
}

extension KeyRecord {
  /// The owner towards whose limit the key counts: keys that are neither revoked nor purged do.
  fileprivate var countedOwnerID: UUID? { status.counts ? ownerID : nil }

  /// Usage and re-hash raise no revision: a record read before them must not undo them.
  fileprivate func keepingWork(of stored: KeyRecord) -> KeyRecord {
    var key = self
    if status != .purged { key.lastUsedAt = later(lastUsedAt, stored.lastUsedAt) }
    key.secrets = secrets.keepingWork(of: stored.secrets)
    return key
  }
}

extension StoreChange.Rehash {
  /// `key` with the new hash.
  fileprivate func applied(to key: KeyRecord?) throws(StoreError) -> KeyRecord {
    guard var key,
      let index = key.secrets.firstIndex(where: { $0.id == secretID && $0.hash == from })
    else { throw .conflict }
    key.secrets[index].hash = to
    return key
  }
}

extension IdempotencyRecord {
  fileprivate func isRemembered(at now: Timestamp) -> Bool {
    guard let oldest = now.adding(.zero - IdempotencyRecord.lifetime) else { return true }
    return usedAt >= oldest
  }
}

extension [KeyCursor] {
  /// The index of the first for which `isLater` holds, in an array in which it holds for all that follow.
  fileprivate func firstIndex(_ isLater: (KeyCursor) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isLater(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension [UUID] {
  /// The index of the first id that does not come before `id`, in an array ordered by bytes.
  fileprivate func firstIndex(notBefore id: UUID) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].precedes(id) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension UUID {
  /// In order of bytes: for version 7, of time.
  fileprivate func precedes(_ other: UUID) -> Bool {
    withUnsafeBytes(of: uuid) { left in
      withUnsafeBytes(of: other.uuid) { left.lexicographicallyPrecedes($0) }
    }
  }
}
