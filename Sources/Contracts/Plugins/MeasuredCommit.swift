/// What a meter is told of a commit.
public struct MeasuredCommit: Sendable, Equatable {
  /// What came of it.
  public let result: Result
  /// From the call to the store's answer.
  public let nanoseconds: UInt64

  public init(result: Result, nanoseconds: UInt64) {
    self.result = result
    self.nanoseconds = nanoseconds
  }

  /// What may come of a commit.
  public enum Result: String, Sendable, CaseIterable {
    case done
    /// The store answered, and did not do it: a conflict, a duplicate, a limit.
    case refused
    /// The store can't be reached, or found itself damaged.
    case failed
  }
}
