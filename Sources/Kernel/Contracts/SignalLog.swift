#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A change signal on its way into the log: no position and no hash yet.
public struct LogDraft: Sendable, Equatable {
  /// The signal's wire name.
  public let signal: String
  public let at: Timestamp
  public let keyID: UUID?
  public let prefix: String?
  public let ownerID: UUID?
  /// The signal as JSON.
  public let payload: [UInt8]
  /// 16 random bytes, so that the digest of an erased payload can't be guessed at. With more or fewer the entry counts as
  /// tampered with.
  public let salt: [UInt8]

  public init(
    signal: String, at: Timestamp, keyID: UUID?, prefix: String?, ownerID: UUID?,
    payload: [UInt8], salt: [UInt8]
  ) {
    self.signal = signal
    self.at = at
    self.keyID = keyID
    self.prefix = prefix
    self.ownerID = ownerID
    self.payload = payload
    self.salt = salt
  }
}

/// An entry of the signal log.
///
/// `payloadDigest` = SHA-256(salt ‖ payload); `hash` = SHA-256(previous hash ‖ header ‖ payloadDigest). The
/// header (position, time, signal, ids, prefix) holds no personal data, so purging payload and salt leaves
/// the chain verifiable.
public struct LogEntry: Sendable, Equatable {
  public let position: Int64
  public let signal: String
  public let at: Timestamp
  public let keyID: UUID?
  public let prefix: String?
  public let ownerID: UUID?
  /// `nil` once the key was purged or the entry pruned.
  public let payload: [UInt8]?
  /// `nil` once the key was purged.
  public let salt: [UInt8]?
  public let payloadDigest: Digest256
  public let hash: Digest256

  public init(
    position: Int64, signal: String, at: Timestamp, keyID: UUID?, prefix: String?, ownerID: UUID?,
    payload: [UInt8]?, salt: [UInt8]?, payloadDigest: Digest256, hash: Digest256
  ) {
    self.position = position
    self.signal = signal
    self.at = at
    self.keyID = keyID
    self.prefix = prefix
    self.ownerID = ownerID
    self.payload = payload
    self.salt = salt
    self.payloadDigest = payloadDigest
    self.hash = hash
  }
}

extension LogEntry {
  /// The same without payload and salt.
  public var erased: LogEntry {
    LogEntry(
      position: position, signal: signal, at: at, keyID: keyID, prefix: prefix, ownerID: ownerID,
      payload: nil, salt: nil, payloadDigest: payloadDigest, hash: hash)
  }
}

/// The end of the log: how far it goes, and the hash that the next entry continues. The position is the
/// count of entries too, since positions have no gaps.
public struct LogHead: Sendable, Equatable {
  public let position: Int64
  public let hash: Digest256

  public init(position: Int64, hash: Digest256) {
    self.position = position
    self.hash = hash
  }

  /// The head of an empty log.
  public static let empty = LogHead(position: 0, hash: .zero)
}

/// The hash chain of the signal log.
public struct LogChain: Sendable {
  private let primitives: any Primitives

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
