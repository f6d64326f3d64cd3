/// What one sweep has done.
public struct SweepReport: Sendable, Equatable {
  /// Keys that were announced as expiring.
  public var expiring = 0
  /// Keys that were announced as expired.
  public var expired = 0
  /// Keys that were suspended because nobody used them.
  public var suspended = 0

  public init() {}
}
