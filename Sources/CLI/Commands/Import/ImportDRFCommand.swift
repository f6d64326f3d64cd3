import ArgumentParser

/// `cardea import drf-api-key`.
struct ImportDRFCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "drf-api-key",
    abstract: "Import the keys of djangorestframework-api-key.",
    discussion: """
      Keys of a project's own key models come too, with the table's name as their class: demand it where that \
      model was demanded (/auth?class=NAME).

      Example:
        cardea import drf-api-key db.sqlite3
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var options: ImportOptions

  func perform() async throws {
    try await options.run(common) { _ in DRFReader() }
  }
}
