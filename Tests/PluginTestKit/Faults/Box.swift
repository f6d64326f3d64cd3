import CardeaContracts

/// A value that a faulty plugin changes between calls.
final class Box<Value: Sendable>: Sendable {
  private let locked: Locked<Value>

  init(_ value: sending Value) { locked = Locked(value) }

  var value: Value {
    get { locked.withLock { $0 } }
    set { locked.withLock { $0 = newValue } }
  }

  func update(_ change: @Sendable (inout Value) -> Void) { locked.withLock { change(&$0) } }
}
