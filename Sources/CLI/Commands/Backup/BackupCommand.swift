import ArgumentParser
import CardeaLifecycle
import CardeaSQLite

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `cardea backup`.
struct BackupCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copy the store to a new file, while it is in use.",
    discussion: """
      The copy is what the store held at one moment: keys, owners and both logs. It is read to its last \
      page before it gets its name, and nobody who uses the store has to wait. What a server has recorded in \
      its spool but not yet moved to the store (a second's worth) is not in it. It holds hashes and personal \
      data: keep it as safe as the store; the file is made with mode 0600. Secrets of the settings (peppers, \
      signing keys) are files of their own and belong into a backup of their own.

      For a store on SQLite. Exit code 2 if the file exists, 3 if the store can't be read or is \
      damaged, or the file can't be made.

      Example:
        cardea backup /var/backups/cardea-$(date +%F).sqlite3
        cardea restore /var/backups/cardea-2026-11-21.sqlite3
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: ArgumentHelp("The new file.", valueName: "file"))
  var file: String

  func perform() async throws {
    let session = try Session(common)
    let source = try SQLiteFile.path(of: session.composition)
    if session.composition.store.presence == .absent {
      throw Session.missing(session.composition, common)
    }
    guard !FileManager.default.fileExists(atPath: file) else {
      throw CommandFailure.usage(
        "\(SafeText.line(file)) exists already", remedy: "Name a new file.", field: "file")
    }
    try SQLiteStore.copy(source, to: file)
    let backup = Backup(file: file, bytes: SQLiteFile.bytes(file))
    guard !session.json else { return try session.print(backup) }
    session.console.out("\(SafeText.line(file, limit: 4_096)): \(backup.bytes) bytes")
  }

  private struct Backup: Encodable {
    let file: String
    let bytes: Int
  }
}
