import ArgumentParser
import CardeaKernel
import CardeaSQLite

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `cardea restore`.
struct RestoreCommand: CardeaSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Put a backup into the store's place. No server may have the store open.",
    discussion: """
      The backup is copied and read to its last page first; then the store and its spool get new names, \
      which end in .before-TIME, and the copy takes the store's place. If anything fails before, \
      everything is as it was.

      An old copy knows nothing of what was revoked since, so what the replaced store can still tell is done \
      again: keys that were revoked, purged or suspended are so again, owners that were disabled too, and a \
      key that was rotated since, whose earlier token the copy would let live again, is suspended; rotate it \
      and reactivate it. Other edits since are gone, and so are keys that were made since: their number is \
      told. A replaced store that can't be read tells nothing; then look through the keys yourself.

      Exit code 0 if the restored store denies what the replaced one denied, 1 if that could not be found \
      out, 2 or 3 if nothing was changed.

      Example:
        cardea restore /var/backups/cardea-2026-11-21.sqlite3 --yes
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var confirmation: Confirmation

  @Argument(help: ArgumentHelp("What cardea backup made.", valueName: "file"))
  var file: String

  func perform() async throws {
    let toolbox = Toolbox.current
    let composition = try Composition.make(
      config: common.config, flags: common.flags, toolbox: toolbox)
    let path = try SQLiteFile.path(of: composition)
    let session = Session(
      composition: composition, console: toolbox.console, json: common.json,
      colour: toolbox.console.usesColour(toolbox.environment))
    try confirmation.askForMany("Replace \(path) by \(file)?", session.console)
    let time = session.now.rfc3339.filter { $0 != "-" && $0 != ":" }
    let old = "\(path).before-\(time)"
    let copy = "\(path).restoring"
    try SQLiteStore.copy(file, to: copy)
    let hadStore: Bool
    do {
      hadStore = try SQLiteStore.replace(path, with: copy, keeping: old)
    } catch {
      try? FileManager.default.removeItem(atPath: copy)
      throw error
    }
    try setSpoolAside(composition, time)
    var report = RestoreReport(store: path, replaced: hadStore ? old : nil)
    try await composition.start(recording: false)
    do {
      if hadStore { try await Reenactment(session.kernel, old: old).run(&report) }
    } catch {
      await composition.kernel.shutdown()
      throw error
    }
    await composition.kernel.shutdown()
    try show(report, session)
    if report.unread != nil { throw ExitCode(CommandFailure.Exit.refused.rawValue) }
  }

  /// What lies in it belongs to the replaced store's log, and the restored one starts with an empty one.
  private func setSpoolAside(_ composition: Composition, _ time: String) throws {
    let folder = composition.settings[SettingsTable.auditSpool]
    let spool = folder.isEmpty ? composition.store.scheme.spool(composition.store.rest) : folder
    guard let spool, FileManager.default.fileExists(atPath: spool) else { return }
    try FileManager.default.moveItem(atPath: spool, toPath: "\(spool).before-\(time)")
  }

  private func show(_ report: RestoreReport, _ session: Session) throws {
    guard !session.json else { return try session.print(report) }
    for line in report.lines { session.console.out(SafeText.line(line, limit: 8_192)) }
  }
}
