import ArgumentParser
import CardeaLifecycle
import CardeaServer

/// `cardea keys usage`.
struct KeysUsageCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "usage",
    abstract: "Show how often a key was used, by day, path and verdict.",
    discussion: """
      Counted from the access log, so without what audit.tier does not record and what was pruned.

      Example:
        cardea keys usage tok_ab12CD34
        cardea keys usage tok_ab12CD34 --days 7 --json
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var key: KeyReference

  @Option(
    help: ArgumentHelp(
      "So many days of UTC, today the last of them: 1 to 366, 30 unless given.",
      valueName: "count"))
  var days: WholeNumber?

  func validate() throws {
    if let days, !(1...AuthKernel.mostUsageDays).contains(days.value) {
      throw ValidationError("--days must be between 1 and \(AuthKernel.mostUsageDays)")
    }
  }

  func perform(_ session: Session) async throws {
    let stored = try await key.find(in: session.kernel)
    let report = try await session.kernel.usage(of: stored.key.id, days: days?.value ?? 30)
    guard !session.json else { return try session.print(UsageResource(report)) }
    session.print(UsageOutput.days(report.counts))
    session.console.out("")
    session.print(UsageOutput.paths(report.counts))
  }
}
