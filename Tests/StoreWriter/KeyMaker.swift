import CardeaContracts
import CardeaSodium
import Foundation

/// Makes keys and changes of keys, each with one entry for the log.
struct KeyMaker: Sendable {
  private let primitives: SodiumPrimitives

  init() throws { primitives = try SodiumPrimitives() }

  func key() -> KeyRecord {
    let now = SystemClock().now()
    let identifier = primitives.randomBytes(8).map {
      String(UInt16($0) + 256, radix: 16).dropFirst()
    }
    .joined()
    let secret = StoredSecret(
      id: UUID.version7(at: now, random: primitives.randomBytes(10)),
      hash: EncodedHash("test$1$salt$digest"), format: "keysmith", createdAt: now)
    return KeyRecord(
      id: UUID.version7(at: now, random: primitives.randomBytes(10)), prefix: "tok_\(identifier)",
      name: "written by a process", format: "keysmith", createdAt: now, createdBy: "cli",
      secrets: [secret])
  }

  func insert(_ key: KeyRecord) -> StoreChange {
    var change = change("key_created", key)
    change.key = .insert(key)
    return change
  }

  /// `key` in the status `status`, one revision later.
  func replace(_ key: inout KeyRecord, status: KeyRecord.Status) -> StoreChange {
    let expected = key.revision
    key.status = status
    key.revision += 1
    var change = change("key_\(status.rawValue)", key)
    change.key = .replace(key, expected: expected)
    return change
  }

  private func change(_ signal: String, _ key: KeyRecord) -> StoreChange {
    let draft = LogDraft(
      signal: signal, at: key.createdAt, keyID: key.id, prefix: key.prefix, ownerID: nil,
      payload: Array("{\"revision\":\(key.revision)}".utf8), salt: primitives.randomBytes(16))
    return StoreChange(drafts: [draft], primitives: primitives)
  }
}
