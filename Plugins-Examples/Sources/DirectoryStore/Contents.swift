import CardeaContracts
import Foundation

/// Every record of the directory, and the files that a change makes of it.
struct Contents {
  private(set) var keys: [KeyRecord]
  private(set) var owners: [OwnerRecord]
  private var uses: [UseFile]
  /// What has to be written, by path.
  var changed: [String: Data] = [:]

  init(_ directory: Directory) throws(StoreError) {
    keys = try directory.all("keys").map { (file: KeyFile) in file.record }
    owners = try directory.all("owners").map { (file: OwnerFile) in file.record }
    uses = try directory.readIfThere("idempotency.json") ?? []
  }

  func stored(_ key: KeyRecord) -> StoredKey {
    StoredKey(key: key, owner: owners.first { $0.id == key.ownerID })
  }

  func stored(where matches: (KeyRecord) -> Bool) -> StoredKey? {
    keys.first(where: matches).map(stored)
  }

  /// However old: whoever asks judges its age.
  func latestUse(actor: String, key: String) -> IdempotencyRecord? {
    uses.map(\.record).last { $0.actor == actor && $0.key == key }
  }

  /// All checks of a change and what it does to the records; the log is the caller's.
  mutating func apply(_ change: StoreChange) throws(StoreError) {
    if change.onlyIfEmpty, !keys.isEmpty { throw .notEmpty }
    if let use = change.idempotency {
      uses.removeAll {
        $0.record.usedAt.adding(IdempotencyRecord.lifetime) ?? .latest <= use.usedAt
      }
      if let earlier = latestUse(actor: use.actor, key: use.key) {
        throw .idempotencyUsed(earlier)
      }
      uses.append(UseFile(use))
      changed["idempotency.json"] = json(uses)
    }
    if let keyID = change.erasesLogOf {
      uses.removeAll { $0.record.keyID == keyID }
      changed["idempotency.json"] = json(uses)
    }
    if let write = change.owner { try apply(write) }
    if let write = change.key { try apply(write) }
    if let rehash = change.rehash { try apply(rehash) }
  }

  private mutating func apply(_ write: StoreChange.Write<OwnerRecord>) throws(StoreError) {
    let owner = write.record
    switch write {
    case .insert:
      if owners.contains(where: { $0.id == owner.id }) { throw .duplicate(field: "id") }
      if owners.contains(where: { $0.kind == owner.kind && $0.name == owner.name }) {
        throw .duplicate(field: "owner")
      }
    case .replace(_, let expected):
      guard owners.contains(where: { $0.id == owner.id && $0.revision == expected }) else {
        throw .conflict
      }
      owners.removeAll { $0.id == owner.id }
    }
    owners.append(owner)
    changed["owners/\(owner.id.uuidString).json"] = json(OwnerFile(owner))
  }

  private mutating func apply(_ write: StoreChange.Write<KeyRecord>) throws(StoreError) {
    var key = write.record
    var counted = false
    switch write {
    case .insert:
      let sameID = keys.contains { $0.id == key.id }
      let samePrefix = keys.contains { $0.prefix.utf8.elementsEqual(key.prefix.utf8) }
      if samePrefix { throw .duplicate(field: "prefix") }
      if sameID { throw .duplicate(field: "id") }
    case .replace(_, let expected):
      guard let earlier = keys.first(where: { $0.id == key.id && $0.revision == expected }) else {
        throw .conflict
      }
      counted = earlier.counts && earlier.ownerID == key.ownerID
      key.keepWork(of: earlier)
    }
    if let ownerID = key.ownerID {
      guard let owner = owners.first(where: { $0.id == ownerID }) else { throw .conflict }
      let held = keys.count { $0.ownerID == ownerID && $0.counts }
      if key.counts, !counted, owner.maxKeys >= 0, held >= owner.maxKeys {
        throw .ownerLimit(owner.maxKeys)
      }
    }
    put(key)
  }

  private mutating func apply(_ rehash: StoreChange.Rehash) throws(StoreError) {
    guard var key = stored(where: { $0.prefix.utf8.elementsEqual(rehash.prefix.utf8) })?.key,
      let index = key.secrets.firstIndex(where: {
        $0.id == rehash.secretID && $0.hash == rehash.from
      })
    else { throw .conflict }
    key.secrets[index].hash = rehash.to
    put(key)
  }

  mutating func apply(_ use: KeyUsage) {
    guard var key = stored(where: { $0.prefix.utf8.elementsEqual(use.prefix.utf8) })?.key,
      let index = key.secrets.firstIndex(where: { $0.id == use.secretID })
    else { return }
    key.lastUsedAt = later(key.lastUsedAt, use.lastUsedAt)
    key.secrets[index].lastUsedAt = later(key.secrets[index].lastUsedAt, use.lastUsedAt)
    key.secrets[index].addresses.formUnion(use.addresses)
    put(key)
  }

  private mutating func put(_ key: KeyRecord) {
    keys.removeAll { $0.id == key.id }
    keys.append(key)
    changed["keys/\(key.id.uuidString).json"] = json(KeyFile(key))
  }
}

private func later(_ left: Timestamp?, _ right: Timestamp?) -> Timestamp? {
  [left, right].compactMap { $0 }.max()
}

extension KeyRecord {
  /// Whether the key counts towards its owner's limit.
  fileprivate var counts: Bool { status != .revoked && status != .purged }

  /// Usage and re-hash raise no revision: a record that was read before them must not undo them.
  fileprivate mutating func keepWork(of earlier: KeyRecord) {
    if status != .purged { lastUsedAt = later(lastUsedAt, earlier.lastUsedAt) }
    for index in secrets.indices {
      guard let secret = earlier.secrets.first(where: { $0.id == secrets[index].id }) else {
        continue
      }
      secrets[index].hash = secret.hash
      secrets[index].lastUsedAt = later(secrets[index].lastUsedAt, secret.lastUsedAt)
      secrets[index].addresses.formUnion(secret.addresses)
    }
  }
}
