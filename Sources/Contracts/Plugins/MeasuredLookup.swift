/// What a meter is told of a look-up of a token's key in the store.
public struct MeasuredLookup: Sendable, Equatable {
  /// What came of it.
  public let result: Result
  /// From the call to the store's answer.
  public let nanoseconds: UInt64

  public init(result: Result, nanoseconds: UInt64) {
    self.result = result
    self.nanoseconds = nanoseconds
  }

  /// What may come of a look-up.
  public enum Result: String, Sendable, CaseIterable {
    case found
    /// There is no key of this prefix.
    case absent
    /// The store can't be reached, did not answer in time, or found itself damaged.
    case failed
  }
}
