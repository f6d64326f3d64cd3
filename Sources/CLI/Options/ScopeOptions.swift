import ArgumentParser

/// Which scopes a key is to have.
struct ScopeOptions: ParsableArguments {
  @Option(
    name: [.customLong("scope"), .customLong("scopes")],
    help: ArgumentHelp(
      "A scope, such as orders:read; again for another, or several with commas (a comma in a name: \\,).",
      valueName: "scope"))
  var scopes: [String] = []

  @Flag(help: "No scope at all.")
  var noScopes = false

  func validate() throws {
    if noScopes, !scopes.isEmpty {
      throw ValidationError("--scope and --no-scopes contradict each other")
    }
  }

  /// `nil` if nothing was said.
  var names: [String]? {
    if noScopes { return [] }
    return scopes.isEmpty ? nil : scopes.flatMap(SettingsReader.list)
  }
}
