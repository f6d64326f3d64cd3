import ArgumentParser

/// What every command takes that has to do with a store.
struct CommonOptions: SharedOptions {
  @Option(help: ArgumentHelp(StorelessOptions.configHelp, valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Where keys are kept: sqlite:PATH, postgres://USER@HOST/DATABASE or memory:. Wins over the environment and the file.",
      valueName: "url"))
  var store: String?

  @Flag(help: ArgumentHelp(StorelessOptions.jsonHelp))
  var json = false

  /// The settings that these options set.
  var flags: [String: String] {
    store.map { [SettingsTable.storeURL.name: $0] } ?? [:]
  }

  /// Another command with the same settings file and store, as a shell takes it. A password in the URL is left out.
  /// - Parameter url: the store, wherever it is named; that of the option if `nil`.
  func command(_ name: String, on url: String? = nil) -> String {
    var words = ["cardea", name]
    if let config { words += ["--config", config] }
    if let store = url ?? store { words += ["--store", StoreURL.shown(store)] }
    return words.map(ShellWord.quoted).joined(separator: " ")
  }
}
