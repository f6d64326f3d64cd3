import Synchronization

/// A count that many threads raise.
final class Tally: Sendable {
  private let value = Atomic<Int64>(0)

  var count: Int64 { value.load(ordering: .relaxed) }

  /// The count with this one.
  @discardableResult
  func add() -> Int64 { value.wrappingAdd(1, ordering: .relaxed).newValue }
}
