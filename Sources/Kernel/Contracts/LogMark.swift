#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a poll tells of a log entry: enough to know what it made stale.
public struct LogMark: Sendable, Equatable {
  public let position: Int64
  public let signal: String
  public let prefix: String?
  public let ownerID: UUID?

  public init(position: Int64, signal: String, prefix: String?, ownerID: UUID?) {
    self.position = position
    self.signal = signal
    self.prefix = prefix
    self.ownerID = ownerID
  }
}
