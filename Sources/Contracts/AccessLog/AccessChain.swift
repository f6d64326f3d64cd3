#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The hash chain of a node of the access log.
public struct AccessChain: Sendable {
  private let primitives: any Primitives

  public init(_ primitives: any Primitives) { self.primitives = primitives }

  func entry(_ draft: AccessDraft, salt: [UInt8], after head: AccessHead) -> AccessEntry {
    let position = head.position + 1
    let digest = primitives.sha256(salt + draft.payload)
    let link = AccessChain.link(
      head.hash, digest, node: head.node, position: position, at: draft.at, action: draft.action,
      reason: draft.reason, status: draft.status, count: draft.count, keyID: draft.keyID,
      prefix: draft.prefix)
    return AccessEntry(
      node: head.node, position: position, action: draft.action, at: draft.at, reason: draft.reason,
      status: draft.status, count: draft.count, keyID: draft.keyID, prefix: draft.prefix,
      payload: draft.payload, salt: salt, payloadDigest: digest,
      hash: primitives.sha256(link))
  }

  /// Whether `entry` follows what stands at `position` with `hash`, unchanged. An entry without a payload
  /// is judged by its digest.
  public func follows(_ entry: AccessEntry, position: Int64, hash: Digest256) -> Bool {
    guard PayloadSalt.fits(entry.salt, entry.payload, entry.payloadDigest, primitives) else {
      return false
    }
    let link = AccessChain.link(
      hash, entry.payloadDigest, node: entry.node, position: entry.position, at: entry.at,
      action: entry.action, reason: entry.reason, status: entry.status, count: entry.count,
      keyID: entry.keyID, prefix: entry.prefix)
    return entry.position == position + 1 && primitives.sha256(link) == entry.hash
  }

  /// What an entry's hash is of: the hash before it, the header, its payload's digest.
  ///
  /// The header has one line per field. The texts that come from outside are last and carry their length, so no two
  /// headers are spelled alike. This layout is part of the stored format.
  private static func link(
    _ hash: Digest256, _ digest: Digest256, node: String, position: Int64, at: Timestamp,
    action: String, reason: String?, status: Int,
    count: Int64, keyID: UUID?, prefix: String?
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256)
    bytes.append(contentsOf: hash.bytes)
    func add(_ text: String) {
      bytes.append(contentsOf: text.utf8)
      bytes.append(0x0A)
    }
    add("cardea-access-1")
    add(node)
    add(String(position))
    add(String(at.milliseconds))
    add(String(status))
    add(String(count))
    add(keyID?.text ?? "-")
    for text in [action, reason, prefix] {
      add(text.map { String($0.utf8.count) } ?? "-")
      add(text ?? "")
    }
    bytes.append(contentsOf: digest.bytes)
    return bytes
  }
}
