import ArgumentParser

/// Where a new token goes instead of standard output.
struct TokenFileOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write the token to this new file (mode 0600) instead of stdout.", valueName: "file"))
  var tokenFile: String?
}
