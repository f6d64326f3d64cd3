#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An entry of the signal log.
///
/// `payloadDigest` = SHA-256(salt ‖ payload); `hash` = SHA-256(previous hash ‖ header ‖ payloadDigest). The
/// header (position, time, signal, ids, prefix) holds no personal data, so purging payload and salt leaves
/// the chain verifiable.
public struct LogEntry: Sendable, Equatable {
  /// From 1, without gaps.
  public let position: Int64
  /// The signal's wire name.
  public let signal: String
  /// When the change was made.
  public let at: Timestamp
  /// The key that it is about.
  public let keyID: UUID?
  /// That key's prefix.
  public let prefix: String?
  /// The owner that it is about, or the key's.
  public let ownerID: UUID?
  /// `nil` once the key was purged or the entry pruned.
  public let payload: [UInt8]?
  /// `nil` once the key was purged.
  public let salt: [UInt8]?
  /// Stays when the payload goes.
  public let payloadDigest: Digest256
  /// Continues the chain.
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
