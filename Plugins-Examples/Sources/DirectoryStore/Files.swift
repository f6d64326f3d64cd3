import CardeaContracts
import Foundation

// What stands in the files. Times are milliseconds since 1970.

struct KeyFile: Codable {
  struct Secret: Codable {
    var id: UUID
    var hash, format: String
    var createdAt: Int64
    var endsAt: Int64?
    var lastUsedAt: Int64?
    var addresses: Data
  }

  var id: UUID
  var prefix, name, description, keyClass, format, createdBy: String
  var kind: KeyRecord.Kind
  var ownerID: UUID?
  var scopes: ScopeSet
  var status: KeyRecord.Status
  var createdAt: Int64
  var expiresAt, lastUsedAt, reactivatedAt: Int64?
  var expiryNoticeDays: Int?
  var metadata: [String: JSONValue]
  var secrets: [Secret]
  var revision: Int64

  init(_ key: KeyRecord) {
    id = key.id
    prefix = key.prefix
    name = key.name
    description = key.description
    keyClass = key.keyClass
    format = key.format
    createdBy = key.createdBy
    kind = key.kind
    ownerID = key.ownerID
    scopes = key.scopes
    status = key.status
    createdAt = key.createdAt.milliseconds
    expiresAt = key.expiresAt?.milliseconds
    lastUsedAt = key.lastUsedAt?.milliseconds
    reactivatedAt = key.reactivatedAt?.milliseconds
    expiryNoticeDays = key.expiryNoticeDays
    metadata = key.metadata
    secrets = key.secrets.map {
      Secret(
        id: $0.id, hash: $0.hash.encoded, format: $0.format, createdAt: $0.createdAt.milliseconds,
        endsAt: $0.endsAt?.milliseconds, lastUsedAt: $0.lastUsedAt?.milliseconds,
        addresses: Data($0.addresses.bytes))
    }
    revision = key.revision
  }

  var record: KeyRecord {
    KeyRecord(
      id: id, prefix: prefix, name: name, description: description, kind: kind, keyClass: keyClass,
      ownerID: ownerID, scopes: scopes, status: status, format: format, createdAt: time(createdAt),
      createdBy: createdBy, expiresAt: expiresAt.map(time), expiryNoticeDays: expiryNoticeDays,
      lastUsedAt: lastUsedAt.map(time), reactivatedAt: reactivatedAt.map(time),
      metadata: metadata,
      secrets: secrets.map {
        StoredSecret(
          id: $0.id, hash: EncodedHash($0.hash), format: $0.format, createdAt: time($0.createdAt),
          endsAt: $0.endsAt.map(time), lastUsedAt: $0.lastUsedAt.map(time),
          addresses: AddressSet(bytes: Array($0.addresses)))
      }, revision: revision)
  }
}

struct OwnerFile: Codable {
  var id: UUID
  var kind: OwnerRecord.Kind
  var name: String
  var maxKeys: Int
  var disabled: Bool
  var createdAt: Int64
  var metadata: [String: JSONValue]
  var members: [String]
  var revision: Int64

  init(_ owner: OwnerRecord) {
    id = owner.id
    kind = owner.kind
    name = owner.name
    maxKeys = owner.maxKeys
    disabled = owner.disabled
    createdAt = owner.createdAt.milliseconds
    metadata = owner.metadata
    members = owner.members
    revision = owner.revision
  }

  var record: OwnerRecord {
    OwnerRecord(
      id: id, kind: kind, name: name, maxKeys: maxKeys, disabled: disabled,
      createdAt: time(createdAt), metadata: metadata, members: members,
      revision: revision)
  }
}

struct UseFile: Codable {
  var actor, key: String
  var bodyDigest: Data
  var keyID: UUID
  var usedAt: Int64

  init(_ use: IdempotencyRecord) {
    actor = use.actor
    key = use.key
    bodyDigest = Data(use.bodyDigest)
    keyID = use.keyID
    usedAt = use.usedAt.milliseconds
  }

  var record: IdempotencyRecord {
    IdempotencyRecord(
      actor: actor, key: key, bodyDigest: Array(bodyDigest), keyID: keyID, usedAt: time(usedAt))
  }
}

struct LogFile: Codable {
  var position: Int64
  var signal: String
  var at: Int64
  var keyID: UUID?
  var prefix: String?
  var ownerID: UUID?
  var payload, salt: Data?
  var payloadDigest, hash: Data

  init(_ entry: LogEntry) {
    position = entry.position
    signal = entry.signal
    at = entry.at.milliseconds
    keyID = entry.keyID
    prefix = entry.prefix
    ownerID = entry.ownerID
    payload = entry.payload.map { Data($0) }
    salt = entry.salt.map { Data($0) }
    payloadDigest = Data(entry.payloadDigest.bytes)
    hash = Data(entry.hash.bytes)
  }

  func entry() throws(StoreError) -> LogEntry {
    LogEntry(
      position: position, signal: signal, at: time(at), keyID: keyID, prefix: prefix,
      ownerID: ownerID, payload: payload.map { Array($0) }, salt: salt.map { Array($0) },
      payloadDigest: try digest(payloadDigest), hash: try digest(hash))
  }

  static func path(_ position: Int64) -> String { "log/\(position).json" }

  static func head(_ directory: Directory) throws(StoreError) -> LogHead {
    guard let file: HeadFile = try directory.readIfThere("head.json") else { return .empty }
    return LogHead(position: file.position, hash: try digest(file.hash))
  }
}

struct HeadFile: Codable {
  var position: Int64
  var hash: Data

  init(_ head: LogHead) {
    position = head.position
    hash = Data(head.hash.bytes)
  }
}

private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

private func digest(_ data: Data) throws(StoreError) -> Digest256 {
  guard let digest = Digest256(Array(data)) else { throw .corrupt("a digest has not 32 bytes") }
  return digest
}
