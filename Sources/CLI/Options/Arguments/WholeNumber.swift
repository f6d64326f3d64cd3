import ArgumentParser

/// A whole number on the command line, with the one spelling that settings have too.
struct WholeNumber: ExpressibleByArgument, Sendable {
  let value: Int

  init?(argument: String) {
    guard let value = IntegerText.parse(argument) else { return nil }
    self.value = value
  }
}
