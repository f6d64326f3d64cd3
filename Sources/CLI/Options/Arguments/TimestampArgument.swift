import ArgumentParser
import CardeaContracts

/// A moment as RFC 3339 writes it.
struct TimestampArgument: ExpressibleByArgument, Sendable {
  let value: Timestamp

  init?(argument: String) {
    // A date alone is its first moment.
    guard
      let value = Timestamp(rfc3339: argument) ?? Timestamp(rfc3339: "\(argument)T00:00:00Z")
    else { return nil }
    self.value = value
  }
}
