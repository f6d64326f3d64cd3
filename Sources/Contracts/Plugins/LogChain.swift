#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The hash chain of the signal log.
public struct LogChain: Sendable {
  private let primitives: any Primitives

  /// - Parameter primitives: whose SHA-256 chains the entries.
  public init(_ primitives: any Primitives) { self.primitives = primitives }

  func digest(_ draft: LogDraft) -> Digest256 { primitives.sha256(draft.salt + draft.payload) }

  /// - Parameter payloadDigest: ``digest(_:)`` of the draft.
  func entry(_ draft: LogDraft, _ payloadDigest: Digest256, after head: LogHead) -> LogEntry {
    let position = head.position + 1
    let header = LogChain.header(
      position: position, at: draft.at, signal: draft.signal, keyID: draft.keyID,
      prefix: draft.prefix, ownerID: draft.ownerID)
    return LogEntry(
      position: position, signal: draft.signal, at: draft.at, keyID: draft.keyID,
      prefix: draft.prefix, ownerID: draft.ownerID, payload: draft.payload, salt: draft.salt,
      payloadDigest: payloadDigest,
      hash: primitives.sha256(head.hash.bytes + header + payloadDigest.bytes))
  }

  /// Whether `entry` follows `head` unchanged. An entry without a payload is judged by its digest.
  public func follows(_ entry: LogEntry, _ head: LogHead) -> Bool {
    guard PayloadSalt.fits(entry.salt, entry.payload, entry.payloadDigest, primitives) else {
      return false
    }
    // No key has this prefix; it is how the header spells that there is none.
    if entry.prefix?.utf8.elementsEqual("-".utf8) ?? false { return false }
    let header = LogChain.header(
      position: entry.position, at: entry.at, signal: entry.signal, keyID: entry.keyID,
      prefix: entry.prefix, ownerID: entry.ownerID)
    return entry.position == head.position + 1
      && primitives.sha256(head.hash.bytes + header + entry.payloadDigest.bytes) == entry.hash
  }

  /// One line per field; no field can hold a line feed. This layout is part of the stored format.
  private static func header(
    position: Int64, at: Timestamp, signal: String, keyID: UUID?, prefix: String?, ownerID: UUID?
  ) -> [UInt8] {
    var bytes = Array("cardea-log-1".utf8)
    bytes.reserveCapacity(192)
    for field in [
      String(position), String(at.milliseconds), signal, keyID?.text ?? "-", prefix ?? "-",
      ownerID?.text ?? "-",
    ] {
      bytes.append(0x0A)
      bytes.append(contentsOf: field.utf8)
    }
    return bytes
  }
}
