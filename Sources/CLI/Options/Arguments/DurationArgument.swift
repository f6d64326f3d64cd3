import ArgumentParser
import CardeaContracts

/// `500ms`, `30s`, `10m`, `12h`, `90d`, `never`.
struct DurationArgument: ExpressibleByArgument, Sendable {
  let value: DurationText

  init?(argument: String) {
    guard let value = DurationText(argument) else { return nil }
    self.value = value
  }
}
