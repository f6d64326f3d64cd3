import ArgumentParser

/// What every command takes.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The settings file. Without it ./cardea.yaml is read, if it exists.", valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Where keys are kept: sqlite:PATH, postgres://USER@HOST/DATABASE or memory:. Wins over the environment and the file.",
      valueName: "url"))
  var store: String?

  @Flag(help: "Print JSON: the HTTP contract's, one document on stdout, a problem on stderr.")
  var json = false

  /// The settings that these options set.
  var flags: [String: String] {
    store.map { [SettingsTable.storeURL.name: $0] } ?? [:]
  }
}
