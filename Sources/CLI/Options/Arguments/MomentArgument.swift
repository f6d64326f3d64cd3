import ArgumentParser
import CardeaContracts
import CardeaServer

/// `90d`, or a time.
struct MomentArgument: ExpressibleByArgument, Sendable {
  private let text: String

  init?(argument: String) {
    guard Timestamp(argument, before: .latest) != nil else { return nil }
    text = argument
  }

  func moment(at now: Timestamp) -> Timestamp? { Timestamp(text, before: now) }
}
