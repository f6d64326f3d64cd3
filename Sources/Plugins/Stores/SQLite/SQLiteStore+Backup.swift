import CardeaContracts
import GRDB

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension SQLiteStore {
  /// Makes a new store of a file of zero bytes, which ``open()`` refuses. Does nothing with any other; blocks.
  public static func fill(_ path: String) throws(StoreError) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_size == 0 else { return }
    guard let opened = try Opening(path: path, fillsEmpty: true).run() else {
      throw .unavailable("\(path) is being made by another process; try again")
    }
    try? opened.connection.close()
  }

  /// Copies a store's file, in use or not, to a new one.
  ///
  /// The copy is what the store held at one moment, was read to its last page, and is on disk when this returns;
  /// its mode is 0600. Nobody who uses the store has to wait. Blocks: some seconds for a million keys.
  /// - Parameters:
  ///   - source: the store's database file, or an earlier copy.
  ///   - target: a file that is not there yet, in a folder that is.
  /// - Throws: ``StoreError``; there is no new file then.
  public static func copy(_ source: String, to target: String) throws(StoreError) {
    try DatabaseCopy(source: source, target: target).run()
  }

  /// Puts a copy into a store's place, with the replaced file's owner and group. Blocks.
  /// - Parameters:
  ///   - path: the store's file, which is no symbolic link. Nobody may have it open. It may be damaged, or missing.
  ///   - copy: what takes its place, in the same folder; it is gone from there then.
  ///   - old: the name that the replaced file gets.
  ///   - position: where the store's signal log must end, so that nothing is replaced that came after somebody
  ///     looked; `nil` if it doesn't matter.
  /// - Returns: whether there was a file to replace.
  /// - Throws: ``StoreError``; the store is as it was then.
  public static func replace(
    _ path: String, with copy: String, keeping old: String, endingAt position: Int64? = nil
  ) throws(StoreError) -> Bool {
    _ = try fold(copy)
    var status = stat()
    let exists = lstat(path, &status) == 0
    if exists {
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw .unavailable("\(path) is no file of its own; name what a symbolic link leads to")
      }
      guard status.st_nlink < 2 else {
        throw .unavailable("\(path) has another name too (a hard link); remove all names but one")
      }
      let end: Int64?
      // Of an empty file there is nothing to fold.
      do throws(StoreError) { end = status.st_size > 0 ? try fold(path) : nil } catch {
        // Damaged: it is replaced for that.
        guard case .corrupt = error else { throw error }
        end = nil
      }
      guard position == nil || end == position else {
        throw .unavailable("\(path) was changed meanwhile; try again")
      }
      try FileOwner(status).take(copy)
    }
    var aside: [String] = []
    do throws(StoreError) {
      // What lies beside a damaged or a missing file belongs to it: SQLite would take it for the copy's.
      for suffix in ["-wal", "-shm", "-journal"] where lstat(path + suffix, &status) == 0 {
        try move(path + suffix, to: old + suffix)
        aside.append(suffix)
      }
      if exists { try swap(path, copy, keeping: old) } else { try move(copy, to: path) }
    } catch {
      for suffix in aside { try? move(old + suffix, to: path + suffix) }
      throw error
    }
    return exists
  }

  /// Gives the file a second name before the copy takes its first, so that this is never missing; where files can't
  /// have two, it is for a moment.
  private static func swap(
    _ path: String, _ copy: String, keeping old: String
  ) throws(StoreError) {
    let isLinked = link(path, old) == 0
    if !isLinked { try move(path, to: old) }
    do throws(StoreError) { try move(copy, to: path) } catch {
      if isLinked { unlink(old) } else { try? move(old, to: path) }
      throw error
    }
  }

  /// What SQLite finds wrong with a store's file, which may be in use: nothing, if it is whole. Reads every page;
  /// blocks.
  /// - Throws: ``StoreError`` if it can't even be looked at.
  public static func examine(_ path: String) throws(StoreError) -> [String] {
    let connection = try Connection.reader(path: path)
    defer { try? connection.close() }
    return try connection.access { db throws(StoreError) in
      var found: [String] = []
      // A hundred are enough for anybody.
      let pages = try Query(db, "PRAGMA integrity_check(100)", isKept: false)
      while try pages.step() {
        let line = try pages.text(0)
        if line != "ok" { found.append(line) }
      }
      let references = try Query(db, "PRAGMA foreign_key_check", isKept: false)
      while found.count < 100, try references.step() {
        found.append("a row of \(try references.text(0)) refers to a row that is not there")
      }
      return found
    }
  }

  /// Folds the write-ahead log into the file, which SQLite does only where nobody else has it open.
  /// - Returns: where its signal log ends.
  private static func fold(_ path: String) throws(StoreError) -> Int64 {
    do throws(StoreError) {
      let connection = try Connection.writer(path: path)
      defer { try? connection.close() }
      return try connection.access { db throws(StoreError) in
        let end = try LogHead.read(db).position
        let mode = try Query(db, "PRAGMA journal_mode = DELETE", isKept: false)
        guard try mode.step(), try mode.text(0) == "delete" else {
          throw .unavailable("its write-ahead log can't be folded in")
        }
        return end
      }
    } catch {
      guard case .unavailable(let reason) = error else { throw error }
      throw .unavailable("\(path) is in use; stop the server first (\(reason))")
    }
  }

  private static func move(_ source: String, to target: String) throws(StoreError) {
    guard rename(source, target) == 0 else {
      throw .unavailable("\(source) can't become \(target): \(String(cString: strerror(errno)))")
    }
    FolderSync.sync(folderOf: target)
  }
}
