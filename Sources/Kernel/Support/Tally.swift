import Synchronization

/// A count that many threads raise.
final class Tally: Sendable {
  private let value = Atomic<Int64>(0)

  /// The count with this one.
  func add() -> Int64 { value.wrappingAdd(1, ordering: .relaxed).newValue }
}
