#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A signal that a durable subscription gave up on. Where it stands in the log, never what it says: what a purge
/// erases there is gone from here too.
public struct DeadLetter: Sendable, Equatable {
  /// The cursor's name.
  public let subscription: String
  /// Where the signal stands in the signal log.
  public let position: Int64
  /// The signal's wire name.
  public let signal: String
  /// The key that the signal is about.
  public let keyID: UUID?
  /// That key's prefix.
  public let prefix: String?
  /// When it was given up on.
  public let failedAt: Timestamp
  /// How often it was tried.
  public let attempts: Int
  /// Why the last attempt failed, for operators.
  public let reason: String
  /// Whether it is to be delivered once more.
  public var isReplayed: Bool

  public init(
    subscription: String, position: Int64, signal: String, keyID: UUID?, prefix: String?,
    failedAt: Timestamp, attempts: Int, reason: String, isReplayed: Bool = false
  ) {
    self.subscription = subscription
    self.position = position
    self.signal = signal
    self.keyID = keyID
    self.prefix = prefix
    self.failedAt = failedAt
    self.attempts = attempts
    self.reason = reason
    self.isReplayed = isReplayed
  }
}
