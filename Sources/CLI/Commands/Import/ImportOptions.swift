import ArgumentParser
import CardeaContracts

/// What every import takes.
struct ImportOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The other system's database: a SQLite file, or postgres://USER@HOST:PORT/DATABASE.",
      valueName: "source"))
  var source: String

  @Flag(help: "Report what would be done, and change nothing.")
  var dryRun = false

  @Flag(
    help: "Write the settings that its clients need to the settings file; what it says stays."
  )
  var writeConfig = false

  @Flag(help: "Disable owners that are inactive there; else they are marked and their keys work.")
  var disableInactiveOwners = false

  /// Opens the source, checks it, and imports it.
  func run(
    _ common: CommonOptions, _ reader: @Sendable (Session) -> any SourceReader
  ) async throws {
    // A settings file that is still to be made is not read.
    var common = common
    let target = writeConfig ? ImportedSettingsFile(common.config) : nil
    if let target, !target.exists { common.config = nil }
    let source = try SourceOpening.open(self.source)
    try await Session.runImport(common, isDry: dryRun) { session, storeExists in
      let reader = reader(session)
      try reader.check(source)
      try target?.check(reader.needs.settings(beside: session.settings, namespace: "tok"))
      if !storeExists, !dryRun { try await session.kernel.start(recording: false) }
      let report = try await ImportRun(
        reader: reader, source: source, session: session, isDry: dryRun,
        disablesInactive: disableInactiveOwners, storeExists: storeExists
      ).run()
      if !dryRun { try target?.write(report.needed, of: report.source) }
      if session.json {
        try session.print(report)
      } else {
        report.print(to: session.console, colour: session.colour)
      }
      if report.missing > 0 { throw ExitCode(CommandFailure.Exit.refused.rawValue) }
    }
  }
}
