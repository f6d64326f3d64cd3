import ArgumentParser

/// `cardea import`.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Move the keys of another system over, so that its clients' tokens go on working.",
    discussion: """
      The other system's database, a SQLite file or a PostgreSQL URL, is only read. The password of a URL is \
      best left to PGPASSWORD or ~/.pgpass. Keys come with their hashes as they are, states, dates, \
      scopes and owners; a key in clear is kept as a hash only. What is here already stays as it is, so an \
      import that was cut off is simply run again. A row that can't be taken is named, and the rest goes on.

      Example:
        cardea import keysmith db.sqlite3 --dry-run
      """,
    subcommands: [
      ImportKeysmithCommand.self, ImportDRFCommand.self, ImportDjangoAPIKeyCommand.self,
      ImportPlainCommand.self,
    ])
}
