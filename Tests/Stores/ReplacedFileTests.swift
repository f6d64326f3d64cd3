import CardeaLifecycle
import CardeaSQLite
import Foundation
import Testing

/// A file that is moved, deleted or restored under a running store: it must not answer from the old one.
@Suite("SQLite store whose file is replaced") struct ReplacedFileTests {
  @Test("a backup moved over the file: every read of both stores refuses, and names the file")
  func restoredBackup() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let key = records.key()
    try await makeFile(folder.path("backup"), records.insert(key))
    let stores = [SQLiteStore(path: path), SQLiteStore(path: path)]
    for store in stores { try await store.open() }
    _ = try await stores[0].commit(records.insert(key))
    for store in stores { #expect(try store.find(prefix: key.prefix) != nil) }

    #expect(rename(folder.path("backup"), path) == 0)
    for store in stores {
      for refused in await refusals(of: store, key) {
        let refused = try #require(refused)
        #expect(refused.isUnavailable)
        #expect("\(refused)".contains(path))
      }
    }
    for store in stores { await store.close() }
    let opened = SQLiteStore(path: path)
    try await opened.open()
    #expect(try opened.find(prefix: key.prefix)?.key == key)
    await opened.close()
  }

  @Test("a file that is moved away and back is read again")
  func movedBack() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    let key = records.key()
    _ = try await store.commit(records.insert(key))
    #expect(rename(path, path + ".away") == 0)
    for refused in await refusals(of: store, key) { #expect(refused?.isUnavailable == true) }
    #expect(rename(path + ".away", path) == 0)
    #expect(try store.find(prefix: key.prefix)?.key == key)
    await store.close()
  }

  /// Why each kind of read is refused.
  private func refusals(of store: any KeyStore, _ key: KeyRecord) async -> [StoreError?] {
    [
      await refusal { () async throws(StoreError) in try await store.find(prefix: key.prefix) },
      await refusal { () async throws(StoreError) in try await store.find(id: key.id) },
      await refusal { () async throws(StoreError) in
        try await store.keys(KeyQuery(now: Records.start))
      },
      await refusal { () async throws(StoreError) in try await store.owners(OwnerQuery()) },
      await refusal { () async throws(StoreError) in try await store.owner(id: key.id) },
      await refusal { () async throws(StoreError) in
        try await store.owner(kind: .user, name: "nobody")
      },
      await refusal { () async throws(StoreError) in
        try await store.idempotency(actor: "cli", key: "k")
      },
      await refusal { () async throws(StoreError) in try await store.log(after: 0, limit: 1) },
      await refusal { () async throws(StoreError) in try await store.logHead() },
    ]
  }

  private func makeFile(_ path: String, _ change: StoreChange) async throws {
    let store = SQLiteStore(path: path)
    try await store.open()
    _ = try await store.commit(change)
    await store.close()
  }
}
