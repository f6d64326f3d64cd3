import Synchronization

/// A count that many threads raise.
package final class Tally: Sendable {
  private let value = Atomic<Int64>(0)

  package init() {}

  package var count: Int64 { value.load(ordering: .relaxed) }

  /// The count with this one.
  @discardableResult
  package func add() -> Int64 { value.wrappingAdd(1, ordering: .relaxed).newValue }
}
