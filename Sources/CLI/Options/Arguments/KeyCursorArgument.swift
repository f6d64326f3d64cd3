import ArgumentParser
import CardeaContracts

/// Where a page of keys ended.
struct KeyCursorArgument: ExpressibleByArgument, Sendable {
  let value: KeyCursor

  init?(argument: String) {
    guard let value = KeyCursor(argument) else { return nil }
    self.value = value
  }
}
