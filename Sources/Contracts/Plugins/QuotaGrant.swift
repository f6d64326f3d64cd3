/// What a draw was given.
public struct QuotaGrant: Sendable, Equatable {
  /// Units that the node may hand out: from 0 to those that it wanted.
  public let units: Int64
  /// What is used of the capacity after the draw, in nanoseconds; more than the capacity is a debt.
  public let used: Int64

  public init(units: Int64, used: Int64) {
    self.units = units
    self.used = used
  }
}
