import ArgumentParser

/// What a command takes that opens no store.
struct StorelessOptions: SharedOptions {
  static let configHelp =
    "The settings file. Without it ./cardea.yaml is read, if it exists."
  static let jsonHelp =
    "Print JSON: the HTTP contract's, one document on stdout, a problem on stderr."

  @Option(help: ArgumentHelp(StorelessOptions.configHelp, valueName: "file"))
  var config: String?

  @Flag(help: ArgumentHelp(StorelessOptions.jsonHelp))
  var json = false
}
