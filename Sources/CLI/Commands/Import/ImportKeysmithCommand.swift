import ArgumentParser

/// `cardea import keysmith`.
struct ImportKeysmithCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "keysmith",
    abstract: "Import the tokens of django-keysmith.",
    discussion: """
      Users become owners. Scopes keep their codename; the long form is in the key's metadata. A purged token \
      becomes a tombstone.

      Example:
        cardea import keysmith db.sqlite3 --write-config
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var options: ImportOptions

  func perform() async throws {
    try await options.run(common) { _ in KeysmithReader() }
  }
}
