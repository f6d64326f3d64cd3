import CardeaKernel
import GRDB

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension SQLiteStore {
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

  /// Puts a copy into a store's place. Blocks.
  /// - Parameters:
  ///   - path: the store's file. Nobody may have it open. It may be damaged, or missing.
  ///   - copy: what takes its place, in the same file system; it is gone from there then.
  ///   - old: the name that the replaced file gets.
  /// - Returns: whether there was a file to replace.
  /// - Throws: ``StoreError``; the store is as it was then.
  public static func replace(
    _ path: String, with copy: String, keeping old: String
  ) throws(StoreError) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      try move(copy, to: path)
      return false
    }
    try fold(path)
    var moved: [String] = []
    do throws(StoreError) {
      // What the log beside a damaged file holds belongs to it.
      for suffix in ["-wal", "-shm", ""] where lstat(path + suffix, &status) == 0 {
        try move(path + suffix, to: old + suffix)
        moved.append(suffix)
      }
      try move(copy, to: path)
    } catch {
      for suffix in moved { try? move(old + suffix, to: path + suffix) }
      throw error
    }
    return true
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
  private static func fold(_ path: String) throws(StoreError) {
    do throws(StoreError) {
      let connection = try Connection.writer(path: path)
      defer { try? connection.close() }
      try connection.access { db throws(StoreError) in
        let query = try Query(db, "PRAGMA journal_mode = DELETE", isKept: false)
        _ = try query.step()
      }
    } catch .unavailable(let reason) {
      throw .unavailable("\(path) is in use; stop the server first (\(reason))")
    } catch {
      // Damaged: it is replaced for that.
    }
  }

  private static func move(_ source: String, to target: String) throws(StoreError) {
    guard rename(source, target) == 0 else {
      throw .unavailable("\(source) can't become \(target): \(String(cString: strerror(errno)))")
    }
    FolderSync.sync(folderOf: target)
  }
}
