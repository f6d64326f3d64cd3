/// What a listener does that does next to nothing.
package final class Tally: @unchecked Sendable {
  private var value = 0
  package init() {}
  package func add() { value &+= 1 }
}
