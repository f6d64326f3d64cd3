import CardeaContracts
import CardeaSodium
import Foundation

/// Makes records and changes for the tests.
struct Records: Sendable {
  /// 2026-11-21T00:00:00Z.
  static let start = Timestamp(milliseconds: 1_795_219_200_000)

  let primitives: SodiumPrimitives

  init() throws { primitives = try SodiumPrimitives() }

  var chain: LogChain { LogChain(primitives) }

  /// A fresh UUIDv7, `second` seconds after ``start``.
  func id(at second: Int64 = 0) -> UUID {
    UUID.version7(at: time(second), random: primitives.randomBytes(10))
  }

  func time(_ second: Int64) -> Timestamp {
    Timestamp(milliseconds: Records.start.milliseconds + second * 1000)
  }

  func secret(_ hash: String = "test$1$salt$digest", at second: Int64 = 0) -> StoredSecret {
    StoredSecret(
      id: id(at: second), hash: EncodedHash(hash), format: "keysmith", createdAt: time(second))
  }

  /// A key that was created `second` seconds after ``start``, under a prefix that no other has.
  func key(
    prefix: String? = nil, name: String = "a key", ownerID: UUID? = nil, at second: Int64 = 0,
    secrets: [StoredSecret]? = nil
  ) -> KeyRecord {
    let id = id(at: second)
    return KeyRecord(
      id: id, prefix: prefix ?? "tok_\(id.text.suffix(12))", name: name, ownerID: ownerID,
      format: "keysmith", createdAt: time(second), createdBy: "cli",
      secrets: secrets ?? [secret(at: second)])
  }

  func owner(
    _ name: String, kind: OwnerRecord.Kind = .user, maxKeys: Int = -1
  ) -> OwnerRecord {
    OwnerRecord(id: id(), kind: kind, name: name, maxKeys: maxKeys, createdAt: Records.start)
  }

  /// An entry of the access log.
  func access(of keyID: UUID? = nil, at second: Int64 = 0) -> AccessDraft {
    AccessDraft(
      AccessEvent(
        at: time(second), reason: nil, keyID: keyID, prefix: "tok_access", owner: nil,
        request: RequestFacts(
          method: "GET", path: "/orders", clientAddress: "192.0.2.1", userAgent: "tests",
          requestID: "r1")))
  }

  /// A batch of them, the first one's number being one more than `position`.
  func batch(_ node: String, after position: Int64 = 0, _ drafts: [AccessDraft]) -> AccessBatch {
    AccessBatch(
      node: node, after: position, through: position + Int64(drafts.count), drafts: drafts,
      primitives: primitives)
  }

  func draft(_ signal: String, key: KeyRecord? = nil, owner: OwnerRecord? = nil) -> LogDraft {
    LogDraft(
      signal: signal, at: Records.start, keyID: key?.id, prefix: key?.prefix, ownerID: owner?.id,
      payload: Array("{\"name\":\"\(key?.name ?? owner?.name ?? "")\"}".utf8),
      salt: primitives.randomBytes(16))
  }

  func change(_ drafts: [LogDraft] = []) -> StoreChange {
    StoreChange(drafts: drafts, primitives: primitives)
  }

  func insert(_ key: KeyRecord) -> StoreChange {
    var change = change([draft("key_created", key: key)])
    change.key = .insert(key)
    return change
  }

  func insert(_ owner: OwnerRecord) -> StoreChange {
    var change = change([draft("owner_created", owner: owner)])
    change.owner = .insert(owner)
    return change
  }

  /// Replaces `key` by what `edit` makes of it, one revision later.
  func replace(_ key: KeyRecord, _ edit: (inout KeyRecord) -> Void = { _ in }) -> StoreChange {
    var edited = key
    edit(&edited)
    edited.revision = key.revision + 1
    var change = change([draft("key_updated", key: edited)])
    change.key = .replace(edited, expected: key.revision)
    return change
  }

  /// Purges a key, and erases what the logs say of it.
  func purge(_ key: KeyRecord) -> StoreChange {
    var change = replace(key) {
      $0.status = .purged
      $0.name = ""
      $0.secrets = []
    }
    change.erasesLogOf = key.id
    return change
  }

  func replace(_ owner: OwnerRecord, _ edit: (inout OwnerRecord) -> Void = { _ in }) -> StoreChange
  {
    var edited = owner
    edit(&edited)
    edited.revision = owner.revision + 1
    var change = change([draft("owner_updated", owner: edited)])
    change.owner = .replace(edited, expected: owner.revision)
    return change
  }
}
