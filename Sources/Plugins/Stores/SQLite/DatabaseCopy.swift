import CardeaContracts
import GRDB

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Copies a store's database, in use or not, into a new file of its own: a whole one or none.
///
/// What is copied is one moment: SQLite's backup interface reads in one transaction, and writers go on meanwhile.
/// The copy is looked through as a whole before it gets its name, and is one file that can be opened where nothing
/// may be written.
struct DatabaseCopy {
  let source: String
  let target: String

  private var partial: String { target + ".partial" }

  func run() throws(StoreError) {
    try makePartial()
    do {
      try copy()
      try check()
      try settle()
    } catch {
      for suffix in ["", "-wal", "-shm", "-journal"] { unlink(partial + suffix) }
      throw error
    }
  }

  private func makePartial() throws(StoreError) {
    var status = stat()
    if lstat(target, &status) == 0 {
      throw .unavailable("\(target) exists already; name a new file")
    }
    // It will hold hashes.
    let descriptor = open(partial, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600 as mode_t)
    guard descriptor >= 0 else {
      throw .unavailable(
        errno == EEXIST
          ? "\(partial) exists already: a copy is being made, or one was interrupted; remove it then"
          : "\(partial) can't be made: \(String(cString: strerror(errno)))")
    }
    close(descriptor)
  }

  private func copy() throws(StoreError) {
    let from = try Connection.reader(path: source)
    defer { try? from.close() }
    try from.access { db throws(StoreError) in
      let query = try Query(db, "PRAGMA application_id", isKept: false)
      guard try query.step(), query.int(0) == Int64(Schema.applicationID) else {
        throw .corrupt("\(source) is no store of Cardea's")
      }
    }
    do {
      let to = try DatabaseQueue(path: partial)
      defer { try? to.close() }
      try from.backup(to: to)
    } catch {
      throw StoreError(sqlite: error).at(target)
    }
  }

  /// Whether a program could go on with the copy: opens it as a store is opened, and reads every page.
  private func check() throws(StoreError) {
    guard let opened = try Opening(path: partial).run() else {
      throw .unavailable("\(partial) is being used by somebody else")
    }
    defer { try? opened.connection.close() }
    try opened.connection.access { db throws(StoreError) in
      for pragma in ["integrity_check(1)", "foreign_key_check"] {
        let query = try Query(db, "PRAGMA \(pragma)", isKept: false)
        if try query.step(), try query.text(0) != "ok" {
          throw .corrupt("\(source) is damaged (\(pragma)); restore it from an earlier backup")
        }
      }
      // Without a write-ahead log beside it.
      let mode = try Query(db, "PRAGMA journal_mode = DELETE", isKept: false)
      guard try mode.step(), try mode.text(0) == "delete" else {
        throw .unavailable("\(partial) is being used by somebody else")
      }
    }
  }

  /// Gives the copy its name, for good.
  private func settle() throws(StoreError) {
    let descriptor = open(partial, O_RDONLY | O_CLOEXEC)
    let isSynced = descriptor >= 0 && fsync(descriptor) == 0
    if descriptor >= 0 { close(descriptor) }
    // Not `rename`, which would take the place of what came meanwhile.
    guard isSynced, link(partial, target) == 0 else {
      throw .unavailable("\(target) can't be made: \(String(cString: strerror(errno)))")
    }
    unlink(partial)
    FolderSync.sync(folderOf: target)
  }
}
