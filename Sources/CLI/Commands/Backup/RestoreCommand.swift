import ArgumentParser
import CardeaLifecycle
import CardeaSQLite
import CardeaServer
import CardeaWebhooks

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
      The backup is copied and read to its last page first; at the end the store and its spool get new \
      names, which end in .before-TIME, and the copy takes the store's place. If anything fails before, \
      everything is as it was.

      An old copy knows nothing of what was revoked since, so what the replaced store can still tell is done \
      again: keys that were revoked, purged or suspended are so again, owners that were disabled too, and a \
      key that was rotated since, whose earlier token the copy would let live again, is suspended; rotate it \
      and reactivate it. Keys whose scopes, class, expiry, metadata or owner were edited since are as they were \
      before, and named; keys that were made since are gone, and counted. What was ended of those is noted, so that it \
      stays so if a newer backup, which has them, is restored after this one. Webhooks that were removed since, or \
      whose URL, signals or secret changed, are disabled and named. Links to the owners' page are gone. A replaced \
      store that can't be read tells nothing; then look through keys and webhooks yourself.

      Exit code 0 if the store was restored, 1 if it was and the replaced one can't be read, 2 or 3 if nothing \
      was changed.

      Example:
        cardea restore /var/backups/cardea-2026-11-21.sqlite3 --yes
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var confirmation: Confirmation

  @Argument(help: ArgumentHelp("What cardea backup made.", valueName: "file"))
  var file: String

  func perform() async throws {
    let session = try Session(common)
    let composition = session.composition
    let path = SQLiteFile.real(try SQLiteFile.path(of: composition))
    try confirmation.insist(
      "Replace \(path) by \(file)?", on: "the store is replaced",
      remedy: "Nothing was changed. Say --yes to replace \(path) by \(file).", session.console)
    let time = session.now.rfc3339.filter { $0 != "-" && $0 != ":" }
    let copy = "\(path).restoring"
    guard FileManager.default.fileExists(atPath: file) else {
      throw CommandFailure.usage("there is no file \(SafeText.line(file))", field: "file")
    }
    try SQLiteStore.copy(file, to: copy)
    var report = RestoreReport(store: path)
    do {
      // All of it on the copy: until it takes the store's place, nothing has happened.
      try await forgetLinks(in: copy)
      let end =
        composition.store.presence == .present
        ? try await repeatDenials(of: path, in: copy, &report) : nil
      let old = "\(path).before-\(time)"
      if try SQLiteStore.replace(path, with: copy, keeping: old, endingAt: end) {
        report.replaced = old
      }
    } catch {
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: copy + suffix)
      }
      throw error
    }
    report.spool = setSpoolAside(composition, time)
    try show(report, session)
    if report.unread != nil { throw ExitCode(CommandFailure.Exit.refused.rawValue) }
  }

  /// One that was used since would let somebody in once more.
  private func forgetLinks(in copy: String) async throws {
    let store = SQLiteStore(path: copy)
    try await store.open()
    do throws(StoreError) { try await PortalLinks.forgetAll(in: store) } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  private func repeatDenials(
    of path: String, in copy: String, _ report: inout RestoreReport
  ) async throws -> Int64? {
    var flags = common.flags
    flags[SettingsTable.storeURL.name] = "sqlite:\(copy)"
    let composition = try Composition.make(
      config: common.config, flags: flags, toolbox: .current)
    try await composition.start(recording: false)
    do {
      let webhooks = Webhooks(
        kernel: composition.kernel, options: composition.settings.webhookOptions)
      let end = try await Reenactment(composition.kernel, webhooks, old: path).run(&report)
      await composition.kernel.shutdown()
      return end
    } catch {
      await composition.kernel.shutdown()
      throw error
    }
  }

  /// What lies in it belongs to the replaced store's log, and the restored one starts with an empty one.
  /// - Returns: the spool that could not be moved.
  private func setSpoolAside(_ composition: Composition, _ time: String) -> String? {
    let folder = composition.settings[SettingsTable.auditSpool]
    let spool = folder.isEmpty ? composition.store.scheme.spool(composition.store.rest) : folder
    guard let spool, FileManager.default.fileExists(atPath: spool) else { return nil }
    do {
      try FileManager.default.moveItem(atPath: spool, toPath: "\(spool).before-\(time)")
      return nil
    } catch { return spool }
  }

  private func show(_ report: RestoreReport, _ session: Session) throws {
    guard !session.json else { return try session.print(report) }
    for line in report.lines { session.console.out(SafeText.line(line, limit: 8_192)) }
  }
}
