import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// Changes as the kernel would make them, and what a store holds after them.

let logPrimitives = SamplePrimitives(seed: 42)

/// An entry about a key, with a payload that is no text.
func draft(
  _ signal: String, key: KeyRecord? = nil, owner: OwnerRecord? = nil, number: Int = 0
) -> LogDraft {
  LogDraft(
    signal: signal, at: Samples.time(number), keyID: key?.id, prefix: key?.prefix,
    ownerID: owner?.id ?? key?.ownerID,
    payload: Array("{\"signal\":\"\(signal)\",\"n\":\(number)}".utf8) + [0, 0xFF],
    salt: logPrimitives.randomBytes(16))
}

/// Inserts a key, and its owner too if one is given.
func inserting(_ key: KeyRecord, owner: OwnerRecord? = nil) -> StoreChange {
  var drafts = [draft("key_created", key: key)]
  if let owner { drafts.insert(draft("owner_created", owner: owner), at: 0) }
  var change = StoreChange(drafts: drafts, primitives: logPrimitives)
  change.key = .insert(key)
  change.owner = owner.map { .insert($0) }
  return change
}

func inserting(_ owner: OwnerRecord) -> StoreChange {
  var change = StoreChange(
    drafts: [draft("owner_created", owner: owner)], primitives: logPrimitives)
  change.owner = .insert(owner)
  return change
}

/// Replaces a key whose revision is `expected` (the one before the record's, unless given).
func replacing(
  _ key: KeyRecord, expected: Int64? = nil, signal: String = "key_updated"
) -> StoreChange {
  var change = StoreChange(drafts: [draft(signal, key: key)], primitives: logPrimitives)
  change.key = .replace(key, expected: expected ?? key.revision - 1)
  return change
}

func replacing(_ owner: OwnerRecord, expected: Int64? = nil) -> StoreChange {
  var change = StoreChange(
    drafts: [draft("owner_updated", owner: owner)], primitives: logPrimitives)
  change.owner = .replace(owner, expected: expected ?? owner.revision - 1)
  return change
}

func rehashing(_ key: KeyRecord, _ secret: StoredSecret, to hash: String) -> StoreChange {
  var change = StoreChange(drafts: [draft("hash_upgraded", key: key)], primitives: logPrimitives)
  change.rehash = .init(
    prefix: key.prefix, secretID: secret.id, from: secret.hash, to: EncodedHash(hash))
  return change
}

extension KeyRecord {
  /// The next revision, with what `edit` does to it.
  func edited(_ edit: (inout KeyRecord) -> Void) -> KeyRecord {
    var record = self
    record.revision += 1
    edit(&record)
    return record
  }

  /// As a purge leaves it.
  var purged: KeyRecord {
    edited {
      $0.status = .purged
      $0.name = ""
      $0.description = ""
      $0.metadata = [:]
      $0.secrets = []
    }
  }
}

extension OwnerRecord {
  func edited(_ edit: (inout OwnerRecord) -> Void) -> OwnerRecord {
    var record = self
    record.revision += 1
    edit(&record)
    return record
  }
}

/// All that can be read from a store.
struct StoreContents: Equatable {
  var keys: [StoredKey]
  var owners: [OwnerRecord]
  var log: [LogEntry]
  var head: LogHead

  init(_ store: any KeyStore) async throws {
    keys = try await store.keys(KeyQuery(now: Samples.start, limit: 1000)).items
    owners = try await store.owners(OwnerQuery(limit: 1000)).items
    log = try await store.log(after: 0, limit: 10_000)
    head = try await store.logHead()
  }
}

extension KeyStore {
  func insert(_ key: KeyRecord, owner: OwnerRecord? = nil) async throws {
    _ = try await commit(inserting(key, owner: owner))
  }

  /// The error with which the store refuses a change.
  func refusal(_ change: StoreChange, _ what: String) async throws -> StoreError {
    do throws(StoreError) { _ = try await commit(change) } catch { return error }
    throw Broken("\(what) was accepted")
  }

  /// Checks that the store refuses a change with this error, and that nothing of it stays.
  func requireRefusal(
    _ change: StoreChange, with expected: StoreError, _ what: String
  ) async throws {
    let before = try await StoreContents(self)
    try require(try await refusal(change, what), is: expected, "the error for \(what)")
    try require(try await StoreContents(self) == before, "\(what) was refused, yet left something")
  }

  func requireKey(_ key: KeyRecord, owner: OwnerRecord? = nil) async throws {
    let byPrefix = try require(
      try await find(prefix: key.prefix), "no key is found under \(key.prefix)")
    try requireEqual(byPrefix.key, key)
    try require(byPrefix.owner == owner, "the key's owner is \(String(describing: byPrefix.owner))")
    let byID = try require(try await find(id: key.id), "no key is found under its id")
    try require(byID == byPrefix, "by id another record is found than by prefix")
  }
}

/// Names the field that differs, which `==` of the whole record does not.
func requireEqual(_ found: KeyRecord, _ key: KeyRecord) throws {
  try require(found.id, is: key.id, "id")
  try require(bytes(found.prefix), is: bytes(key.prefix), "prefix")
  try require(bytes(found.name), is: bytes(key.name), "name")
  try require(bytes(found.description), is: bytes(key.description), "description")
  try require(found.kind, is: key.kind, "kind")
  try require(found.keyClass, is: key.keyClass, "class")
  try require(found.ownerID, is: key.ownerID, "owner")
  try require(found.scopes.names, is: key.scopes.names, "scopes")
  try require(found.status, is: key.status, "status")
  try require(found.format, is: key.format, "format")
  try require(found.createdAt, is: key.createdAt, "time of creation")
  try require(found.createdBy, is: key.createdBy, "creator")
  try require(found.expiresAt, is: key.expiresAt, "expiry")
  try require(found.expiryNoticeDays, is: key.expiryNoticeDays, "announced threshold of expiry")
  try require(found.lastUsedAt, is: key.lastUsedAt, "time of last use")
  try require(found.reactivatedAt, is: key.reactivatedAt, "time of reactivation")
  try require(found.metadata, is: key.metadata, "metadata")
  try require(found.revision, is: key.revision, "revision")
  try require(found.secrets == key.secrets, "the secrets differ: \(found.secrets)")
}

/// `String ==` takes canonically equivalent texts for equal.
private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
