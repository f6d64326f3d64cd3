#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A change signal on its way into the log: no position and no hash yet.
public struct LogDraft: Sendable, Equatable {
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
