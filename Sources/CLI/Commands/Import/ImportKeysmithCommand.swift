import ArgumentParser

/// `cardea import keysmith`.
struct ImportKeysmithCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "keysmith",
    abstract: "Import the tokens of django-keysmith.",
    discussion: """
      Users become owners. Scopes keep their codename; the long form is in the key's metadata. A purged token \
      becomes a tombstone. Its audit rows go into the access log, each once: see cardea audit list.

      Example:
        cardea import keysmith db.sqlite3 --write-config
        cardea import keysmith postgres://app@db.example/app
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var options: ImportOptions

  func perform() async throws {
    try await options.run(common) { session in
      KeysmithReader(
        redaction: session.kernel.redaction,
        primitives: session.kernel.primitives)
    }
  }
}
