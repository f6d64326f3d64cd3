/// What a meter is told of an authentication. Nothing that a client sent is in it.
public struct MeasuredAuthentication: Sendable, Equatable {
  /// Why it was denied; `nil` if it was allowed.
  public let reason: Denial.Reason?
  /// Where what is known of the key came from.
  public let source: Source
  /// From the request to the verdict, the audit included.
  public let nanoseconds: UInt64

  public init(reason: Denial.Reason?, source: Source, nanoseconds: UInt64) {
    self.reason = reason
    self.source = source
    self.nanoseconds = nanoseconds
  }

  /// Where what is known of the key came from.
  public enum Source: Sendable, CaseIterable {
    /// No key was looked for: there was no readable token, or a limit denied before.
    case nowhere
    /// The verdict cache.
    case memory
    case store
  }
}
