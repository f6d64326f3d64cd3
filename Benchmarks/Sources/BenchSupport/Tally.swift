/// What a listener does that does next to nothing.
package final class Tally: @unchecked Sendable {
  private var value = 0
  package init() {}
  /// The count with this one.
  @discardableResult
  package func add() -> Int {
    value &+= 1
    return value
  }
}
