import ArgumentParser

/// `cardea import plain`.
struct ImportPlainCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "plain",
    abstract: "Import any table of keys in clear.",
    discussion: """
      Of a key only its hash is kept. An owner column that refers to users gives owners, one that refers to \
      companies gives organizations with their users as members, any other gives its values as names. A key \
      that is not active comes suspended.

      Example:
        cardea import plain db.sqlite3 --table app_apitoken --key key --owner user_id --active is_active
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var options: ImportOptions

  @Option(help: ArgumentHelp("The table of keys.", valueName: "table"))
  var table: String

  @Option(help: ArgumentHelp("Its column with the keys in clear.", valueName: "column"))
  var key: String

  @Option(help: ArgumentHelp("Its column with the owner.", valueName: "column"))
  var owner: String?

  @Option(help: ArgumentHelp("Its column that says whether a key is active.", valueName: "column"))
  var active: String?

  func perform() async throws {
    try await options.run(common) { session in
      PlainReader(
        table: table, keyColumn: key, ownerColumn: owner, activeColumn: active,
        primitives: session.kernel.primitives,
        formats: AcceptedFormatNames(formats: session.kernel.registeredFormats))
    }
  }
}
