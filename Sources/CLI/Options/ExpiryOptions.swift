import ArgumentParser
import CardeaContracts

/// When a key is to expire.
struct ExpiryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("How long it lives: 30m, 12h, 90d or never.", valueName: "duration"))
  var expiresIn: DurationArgument?

  @Option(help: ArgumentHelp("When it ends: 2027-01-31T12:00:00Z.", valueName: "time"))
  var expiresAt: TimestampArgument?

  func validate() throws {
    if expiresIn != nil, expiresAt != nil {
      throw ValidationError("--expires-in and --expires-at contradict each other")
    }
  }

  /// `nil` if nothing was said.
  var expiry: Expiry? {
    if let expiresAt { return .at(expiresAt.value) }
    guard let expiresIn else { return nil }
    return expiresIn.value.duration.map { .after($0) } ?? .never
  }
}
