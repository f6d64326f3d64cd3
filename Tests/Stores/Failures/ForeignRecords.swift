import CardeaLifecycle
import Foundation
import Testing

/// Records of another system: an owner, its two keys, a tombstone, and two rows of its log.
struct ForeignRecords: Sendable {
  static let node = "import:elsewhere"

  let owner: OwnerRecord
  let keys: [KeyRecord]
  let rows: [AccessDraft]

  init() throws {
    let records = try Records()
    let owner = records.owner("their")
    self.owner = owner
    var stone = records.key(name: "")
    stone.status = .purged
    stone.secrets = []
    keys =
      ["theirs one", "theirs two"].map {
        records.key(
          name: $0, ownerID: owner.id, secrets: [records.secret("hmac_sha256$v1$salt$digest")])
      } + [stone]
    rows = (1...2).map { row in
      AccessDraft(
        action: "their_\(row)", at: Records.start, reason: nil, status: 200,
        payload: Array("{}".utf8))
    }
  }

  /// Brings over what is not here yet, as `cardea import` does it.
  func `import`(into kernel: AuthKernel) async throws {
    _ = try await kernel.importOwners([owner])
    _ = try await kernel.importKeys(
      keys.map {
        try kernel.readyImported(StoredKey(key: $0, owner: $0.ownerID == nil ? nil : owner))
      })
    let head = try await kernel.importedLogHead(node: ForeignRecords.node)
    let through = Int64(rows.count)
    if head.sequence < through {
      _ = try await kernel.importLog(
        rows, node: ForeignRecords.node, after: head.sequence, through: through)
    }
  }
}
