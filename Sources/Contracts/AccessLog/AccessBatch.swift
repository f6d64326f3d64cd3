#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Entries of one node that go into the access log together, exactly once.
///
/// ```swift
/// var head = try await store.accessHead(node: "import:keysmith")
/// let batch = AccessBatch(
///   node: head.node, after: head.sequence, through: lastRow, drafts: drafts, primitives: primitives)
/// head = try await store.append(batch)
/// ```
public struct AccessBatch: Sendable {
  /// 1 to 128 bytes of visible ASCII: `import:keysmith`.
  public let node: String
  /// The sequence that the node's head must have, else `.conflict`: the batch is in the log already, or
  /// somebody else has appended.
  public let after: Int64
  /// The sequence that the head has afterwards.
  public let through: Int64
  let drafts: [AccessDraft]
  let salts: [UInt8]
  let chain: AccessChain

  public init(
    node: String, after: Int64, through: Int64, drafts: [AccessDraft], primitives: any Primitives
  ) {
    self.node = node
    self.after = after
    self.through = through
    self.drafts = drafts
    salts = primitives.randomBytes(drafts.count * PayloadSalt.length)
    chain = AccessChain(primitives)
  }

  /// The keys that its entries are about: of those that were purged, the store keeps no payload.
  public var keyIDs: Set<UUID> { Set(drafts.compactMap(\.keyID)) }

  /// The entries that this batch appends to the node's chain, ready to be kept, and the head after them.
  /// Called by the store inside its transaction, once it has compared ``after``.
  public func entries(after head: AccessHead) -> (entries: [AccessEntry], head: AccessHead) {
    var head = head
    var entries: [AccessEntry] = []
    entries.reserveCapacity(drafts.count)
    for (index, draft) in drafts.enumerated() {
      let salt = Array(salts.dropFirst(index * PayloadSalt.length).prefix(PayloadSalt.length))
      let entry = chain.entry(draft, salt: salt, after: head)
      head.position = entry.position
      head.hash = entry.hash
      entries.append(entry)
    }
    head.sequence = through
    return (entries, head)
  }
}
