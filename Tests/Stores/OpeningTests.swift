import CardeaLifecycle
import CardeaSQLite
import Foundation
import GRDB
import Testing

/// Files that the SQLite store must not open, and must leave as they are (D4).
@Suite("Opening a SQLite store") struct OpeningTests {
  @Test("a file that is not a database, torn ones included")
  func notADatabase() async throws {
    let folder = try Folder()
    let whole = try await validFile(in: folder)
    var zeroed = whole
    zeroed.replaceSubrange(0..<100, with: Data(repeating: 0, count: 100))
    var tornPage = whole
    // The second page's B-tree header.
    tornPage.replaceSubrange(4096..<8192, with: Data(repeating: 0xA5, count: 4096))
    let contents: [(name: String, data: Data)] = [
      ("text", Data("# not a database, but notes\n".utf8)),
      ("text as long as two pages", Data(repeating: 0x41, count: 8192)),
      ("zeroed header", zeroed),
      ("half a page", whole.prefix(2048)),
      ("cut at a page", whole.prefix(4096 * 3)),
      ("cut in a page", whole.prefix(whole.count - 1000)),
      ("torn page", tornPage),
    ]
    for (name, data) in contents {
      let path = folder.path(name)
      try data.write(to: URL(fileURLWithPath: path))
      let refused = try #require(await openingRefusal(path), "\(name) was opened")
      #expect(refused.isCorrupt, "\(name): \(refused)")
      #expect("\(refused)".contains(path), "\(name): the error must name the file")
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == data, "\(name) was changed")
    }
  }

  @Test("another program's database, and a newer schema")
  func foreign() async throws {
    let folder = try Folder()
    let foreign = folder.path("foreign.db")
    do {
      let database = try DatabaseQueue(path: foreign)
      try await database.write { try $0.execute(sql: "CREATE TABLE t (a)") }
    }
    let newer = folder.path("newer.db")
    try (try await validFile(in: folder)).write(to: URL(fileURLWithPath: newer))
    do {
      let database = try DatabaseQueue(path: newer)
      try await database.write { try $0.execute(sql: "PRAGMA user_version = 99") }
      try database.close()
    }
    for (path, reason) in [(foreign, "is another program"), (newer, "newer")] {
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      let refused = try #require(await openingRefusal(path))
      #expect("\(refused)".contains(reason))
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }
  }

  @Test("a log that was cut, or a head that was set back, is damage")
  func cutLog() async throws {
    let folder = try Folder()
    for (name, sql) in [
      ("entry", "DELETE FROM signal_log WHERE position = 3"),
      ("head", "UPDATE signal_log_head SET position = 1"),
      ("head row", "DELETE FROM signal_log_head"),
    ] {
      let path = folder.path(name)
      try (try await validFile(in: folder)).write(to: URL(fileURLWithPath: path))
      let database = try DatabaseQueue(path: path)
      try await database.write { try $0.execute(sql: sql) }
      try database.close()
      #expect(await openingRefusal(path)?.isCorrupt == true, "\(name)")
    }
  }

  @Test("a missing folder, a file for a folder, a folder for a file, no name at all")
  func badPaths() async throws {
    let folder = try Folder()
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path("file")))
    for path in [
      folder.path("missing/keys.sqlite3"), folder.path("file/keys.sqlite3"), folder.url.path, "",
      folder.path("") + "/", folder.url.path + "/nul\0.sqlite3",
    ] {
      let refused = try #require(await openingRefusal(path), "\(path.debugDescription) was opened")
      #expect(refused.isUnavailable)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("file"))) == Data("x".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["file"])
  }

  @Test("a file that this user may only read")
  func readOnlyFile() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let contents = try await validFile(in: folder)
    try contents.write(to: URL(fileURLWithPath: path))
    let manager = FileManager.default
    try manager.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    // The folder may be written, so that it is the file that is found wanting.
    try manager.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.url.path)
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    let process = try ChildProcess("read-only", path)
    let lines = try process.remainingLines()
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("error") == true)
    #expect(lines.first?.contains("read-only") == true, "\(lines)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == contents)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == before)
  }

  @Test("a file that nobody may write, whoever asks")
  func writeProtectedFile() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let contents = try await validFile(in: folder)
    try contents.write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    let refused = try #require(await openingRefusal(path), "it was opened")
    #expect("\(refused)".contains("read-only"))
    #expect("\(refused)".contains(path))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == contents)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["keys.sqlite3"])
  }

  @Test("a symbolic link that leads nowhere is refused, one to a file is followed")
  func symbolicLinks() async throws {
    let folder = try Folder()
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: folder.path("dangling"), withDestinationPath: folder.path("target"))
    let refused = try #require(await openingRefusal(folder.path("dangling")), "it was opened")
    #expect("\(refused)".contains("symbolic link"))
    #expect("\(refused)".contains(folder.path("dangling")))
    #expect(try manager.contentsOfDirectory(atPath: folder.url.path) == ["dangling"])
    try await validFile(in: folder).write(to: URL(fileURLWithPath: folder.path("target")))
    #expect(await openingRefusal(folder.path("dangling")) == nil)
  }

  @Test("a file of zero bytes may be what is left of a store: it is made a new one only on demand")
  func emptyFile() async throws {
    let folder = try Folder()
    let path = folder.path("empty")
    try Data().write(to: URL(fileURLWithPath: path))
    let refused = try #require(await openingRefusal(path), "it was opened")
    #expect(refused.isUnavailable)
    #expect("\(refused)".contains("\(path) is an empty file. Restore a backup"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["empty"])
    try SQLiteStore.fill(path)
    #expect(await openingRefusal(path) == nil)
    let made = try Data(contentsOf: URL(fileURLWithPath: path))
    try SQLiteStore.fill(path)
    try SQLiteStore.fill(folder.path("missing"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == made)
    #expect(!FileManager.default.fileExists(atPath: folder.path("missing")))
  }

  @Test("a backup takes an empty file's place")
  func restoredOverEmptyFile() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let contents = try await validFile(in: folder)
    try contents.write(to: URL(fileURLWithPath: folder.path("backup")))
    try Data().write(to: URL(fileURLWithPath: path))
    try SQLiteStore.copy(folder.path("backup"), to: folder.path("copy"))
    #expect(
      try SQLiteStore.replace(path, with: folder.path("copy"), keeping: folder.path("old")))
    #expect(await openingRefusal(path) == nil)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("old"))).isEmpty)
  }

  @Test("a file that another process has only just made is waited for")
  func fileInTheMaking() async throws {
    let folder = try Folder()
    let path = folder.path("new")
    try Data().write(to: URL(fileURLWithPath: path))
    async let refused = openingRefusal(path)
    try SQLiteStore.fill(path)
    #expect(await refused == nil)
  }

  @Test("names that mean something else to SQLite are files here")
  func namesAreFiles() async throws {
    let folder = try Folder()
    for name in [":memory:", "file:keys?mode=memory", "keys with space%20.db"] {
      #expect(await openingRefusal(folder.path(name)) == nil)
      #expect(FileManager.default.fileExists(atPath: folder.path(name)))
    }
    #expect(SQLiteStore(path: ":memory:").path == "./:memory:")
  }

  /// Why the store does not open; `nil` (and closed again) if it does.
  private func openingRefusal(_ path: String) async -> StoreError? {
    let store = SQLiteStore(path: path)
    let refused = await refusal { () async throws(StoreError) in try await store.open() }
    await store.close()
    return refused
  }

  /// The bytes of a store with some keys in it.
  private func validFile(in folder: Folder) async throws -> Data {
    let records = try Records()
    let path = folder.path("valid-\(UUID().uuidString)")
    let store = SQLiteStore(path: path)
    try await store.open()
    for _ in 0..<3 { _ = try await store.commit(records.insert(records.key())) }
    await store.close()
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    try FileManager.default.removeItem(atPath: path)
    return data
  }
}
