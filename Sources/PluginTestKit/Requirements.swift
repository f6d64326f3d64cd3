// What the promises are written with.

/// What was seen instead of what was promised; ``Promise/check()`` adds the promise's name.
struct Broken: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
  guard condition else { throw Broken(reason()) }
}

func require<Value>(_ value: Value?, _ reason: @autoclosure () -> String) throws -> Value {
  guard let value else { throw Broken(reason()) }
  return value
}

func require<Value: Equatable>(
  _ value: Value, is expected: Value, _ what: @autoclosure () -> String
) throws {
  guard value == expected else {
    throw Broken("\(what()): \(value) instead of \(expected)")
  }
}
