import CardeaLifecycle
import CardeaSQLite
import Foundation

/// The file of the store that a composition names.
enum SQLiteFile {
  /// - Throws: if the store is none on SQLite.
  static func path(of composition: Composition) throws -> String {
    guard let store = try composition.store.makeStore() as? SQLiteStore else {
      throw CommandFailure.usage(
        "this command copies stores on SQLite, and the store is "
          + StoreURL.shown(composition.settings[SettingsTable.storeURL]),
        remedy: "Use the database's own tools for another, such as pg_dump.",
        field: SettingsTable.storeURL.name)
    }
    return store.path
  }

  /// What the file leads to, if it is a symbolic link, so that what is put in its place is found by every name that it
  /// had; else the same path.
  static func real(_ path: String) -> String {
    let manager = FileManager.default
    guard (try? manager.destinationOfSymbolicLink(atPath: path)) != nil,
      let found = realpath(path, nil)
    else { return path }
    defer { free(found) }
    return String(cString: found)
  }

  /// 0 if there is no such file.
  static func bytes(_ path: String) -> Int {
    let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
    return size?.intValue ?? 0
  }
}
