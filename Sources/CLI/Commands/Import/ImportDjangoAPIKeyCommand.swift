import ArgumentParser

/// `cardea import django-apikey`.
struct ImportDjangoAPIKeyCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "django-apikey",
    abstract: "Import the keys of django-apikey, which keeps them in clear.",
    discussion: """
      Profiles become owners with their limit. Of a key only its hash is kept. Keys of users without the \
      permission can_use_api come suspended. Inactive users come enabled and marked: see \
      --disable-inactive-owners.

      Example:
        cardea import django-apikey db.sqlite3
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var options: ImportOptions

  func perform() async throws {
    try await options.run(common) { session in
      DjangoAPIKeyReader(
        primitives: session.kernel.primitives,
        formats: AcceptedFormatNames(formats: session.kernel.registeredFormats))
    }
  }
}
