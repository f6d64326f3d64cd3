#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a poll tells of a log entry: enough to know what it made stale.
public struct LogMark: Sendable, Equatable {
  public let position: Int64
  /// The signal's wire name.
  public let signal: String
  /// The prefix of the key that was changed, if it is about one.
  public let prefix: String?
  /// The owner that was changed, or the changed key's.
  public let ownerID: UUID?

  public init(position: Int64, signal: String, prefix: String?, ownerID: UUID?) {
    self.position = position
    self.signal = signal
    self.prefix = prefix
    self.ownerID = ownerID
  }
}
