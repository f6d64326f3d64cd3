import CardeaLifecycle
import CardeaSQLite
import Foundation
import GRDB
import Testing

/// What the SQLite store promises beyond the common contract: a file, shared by several stores.
@Suite("SQLite store") struct SQLiteStoreTests {
  @Test("reopening keeps keys, owners, log and idempotency keys")
  func reopen() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let owner = records.owner("ada", maxKeys: 3)
    let key = records.key(ownerID: owner.id)
    let use = IdempotencyRecord(
      actor: "cli", key: "k", bodyDigest: [7], keyID: key.id, usedAt: SystemClock().now())
    var head = LogHead.empty
    for round in 0..<3 {
      let store = SQLiteStore(path: path)
      try await store.open()
      if round == 0 {
        var change = records.insert(key)
        change.owner = .insert(owner)
        change.idempotency = use
        _ = try await store.commit(change)
        head = try store.logHead()
      }
      #expect(try store.find(prefix: key.prefix) == StoredKey(key: key, owner: owner))
      #expect(try store.idempotency(actor: "cli", key: "k") == use)
      #expect(try store.logHead() == head)
      try await verifiedLog(of: store, records.chain)
      await store.close()
    }
  }

  @Test("the file, its log and its index are for the owner's eyes only")
  func fileMode() async throws {
    let folder = try Folder()
    let records = try Records()
    let store = SQLiteStore(path: folder.path("keys.sqlite3"))
    try await store.open()
    _ = try await store.commit(records.insert(records.key()))
    for name in ["keys.sqlite3", "keys.sqlite3-wal", "keys.sqlite3-shm"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
    await store.close()
  }

  @Test("before open and after close every call says that the store is not open")
  func closed() async throws {
    let folder = try Folder()
    let records = try Records()
    let store = SQLiteStore(path: folder.path("keys.sqlite3"))
    for isOpenedFirst in [false, true] {
      if isOpenedFirst {
        try await store.open()
        await store.close()
      }
      #expect(await refusal(of: records.insert(records.key()), by: store) == .closed)
      #expect(await refusal { () throws(StoreError) in try store.find(prefix: "a") } == .closed)
      #expect(
        await refusal { () throws(StoreError) in try store.poll(after: 0, limit: 100) } == .closed)
    }
    await store.close()
  }

  @Test("of changes that come together, one that fails half-way takes back itself alone")
  func halfWay() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    let other = try DatabaseQueue(path: path)
    try await other.write { db in
      try db.execute(
        sql: """
          CREATE TRIGGER refuse BEFORE INSERT ON secrets WHEN NEW.prefix = 'tok_bad'
          BEGIN SELECT RAISE(ABORT, 'no'); END
          """)
    }
    try other.close()
    let good = [records.key(), records.key()]
    let bad = records.key(prefix: "tok_bad")
    let again = records.key(prefix: good[0].prefix)
    let outcomes = await store.commit([good[0], bad, again, good[1]].map { records.insert($0) })
    #expect(outcomes.count == 4)
    #expect(outcomes[0] == .success(1))
    guard case .failure = outcomes[1] else { return #expect(Bool(false), "\(outcomes[1])") }
    #expect(outcomes[2] == .failure(.duplicate(field: "prefix")))
    #expect(outcomes[3] == .success(2))
    for key in good { #expect(try store.find(prefix: key.prefix)?.key == key) }
    #expect(try store.find(prefix: "tok_bad") == nil)
    try await verifiedLog(of: store, records.chain)
    #expect(try store.logHead().position == 2)
    await store.close()
  }

  @Test("a caller that is cancelled does not cancel its change")
  func cancellation() async throws {
    let folder = try Folder()
    let records = try Records()
    let store = SQLiteStore(path: folder.path("keys.sqlite3"))
    try await store.open()
    let keys = (0..<20).map { _ in records.key() }
    await withTaskGroup(of: Void.self) { group in
      for key in keys { group.addTask { _ = try? await store.commit(records.insert(key)) } }
      group.cancelAll()
    }
    for key in keys { #expect(try store.find(id: key.id) != nil) }
    await store.close()
  }

  @Test("one refusal in a group takes back only itself")
  func refusalsInGroups() async throws {
    let folder = try Folder()
    let records = try Records()
    let store = SQLiteStore(path: folder.path("keys.sqlite3"))
    try await store.open()
    let outcomes = await withTaskGroup(of: Result<Int64, StoreError>.self) { group in
      for index in 0..<200 {
        // Each prefix is tried twice, each time with an owner that stays only if the key does.
        let owner = records.owner("owner-\(index)")
        let key = records.key(prefix: "tok_\(index / 2)", ownerID: owner.id)
        group.addTask {
          await result { () async throws(StoreError) in
            var change = records.insert(key)
            change.owner = .insert(owner)
            return try await store.commit(change)
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.filter { $0 == .failure(.duplicate(field: "prefix")) }.count == 100)
    #expect(try await store.owners(OwnerQuery(limit: 1000)).items.count == 100)
    #expect(try await verifiedLog(of: store, records.chain).count == 100)
    await store.close()
  }

  @Test("two stores on one file: the poll sees what the other committed (V3)")
  func pollSeesOthers() async throws {
    let folder = try Folder()
    let records = try Records()
    let stores = [SQLiteStore(path: folder.path("a.db")), SQLiteStore(path: folder.path("a.db"))]
    for store in stores { try await store.open() }
    let key = records.key()
    #expect(try stores[0].poll(after: 0, limit: 100).isEmpty)
    _ = try await stores[1].commit(records.insert(key))
    #expect(try stores[0].poll(after: 0, limit: 100).map(\.prefix) == [key.prefix])
    // Not applied yet, so asked for again from the same position.
    #expect(try stores[0].poll(after: 0, limit: 100).map(\.position) == [1])
    #expect(try stores[0].poll(after: 1, limit: 100).isEmpty)
    #expect(try stores[0].poll(after: 1, limit: 100).isEmpty)
    _ = try await stores[1].commit(records.replace(key) { $0.status = .revoked })
    #expect(try stores[0].poll(after: 1, limit: 100).map(\.signal) == ["key_updated"])
    #expect(try stores[0].find(prefix: key.prefix)?.key.status == .revoked)
    // Its own commits are polled too, and a position from the future is a sign of damage.
    _ = try await stores[0].commit(records.insert(records.key()))
    #expect(try stores[0].poll(after: 2, limit: 100).map(\.position) == [3])
    #expect(throws: StoreError.self) { try stores[0].poll(after: 9, limit: 100) }
    for store in stores { await store.close() }
  }

  @Test("another process's changes are polled (V3)")
  func pollSeesOtherProcesses() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    #expect(try store.poll(after: 0, limit: 100).isEmpty)
    let process = try ChildProcess("count", path, "3")
    var (position, seen) = (Int64(0), Set<String>())
    while let line = try process.nextLine() {
      // Acknowledged there, so visible here: now, or seen already, since more may be committed than was told.
      let prefix = line.split(separator: " ").dropFirst().first.map(String.init)
      let marks = try store.poll(after: position, limit: 100)
      seen.formUnion(marks.compactMap(\.prefix))
      #expect(seen.contains(prefix ?? ""))
      position = marks.last?.position ?? position
      #expect(try store.find(prefix: prefix ?? "") != nil)
    }
    #expect(position == 3)
    try await verifiedLog(of: store, try Records().chain)
    await store.close()
  }

  @Test("two stores on one file write at once: all is there, in one chain")
  func concurrentStores() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let stores = (0..<2).map { _ in SQLiteStore(path: path) }
    // Also opened at once, on a file that does not exist.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for store in stores { group.addTask { try await store.open() } }
      try await group.waitForAll()
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<200 {
        group.addTask {
          _ = try await stores[index % 2].commit(records.insert(records.key()))
        }
      }
      try await group.waitForAll()
    }
    #expect(try await verifiedLog(of: stores[0], records.chain).count == 200)
    #expect(try await stores[1].keys(KeyQuery(now: Records.start, limit: 1000)).items.count == 200)
    for store in stores { await store.close() }
  }

  @Test("purge leaves nothing of what it erased in any of the files")
  func purgeErases() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    let canary = "canary-7f3a1c"
    let key = records.key(name: canary, secrets: [records.secret("\(canary)$1$s$d")])
    _ = try await store.commit(records.insert(key))
    #expect(try bytesFound(canary, path))
    _ = try await store.commit(records.purge(key))
    await store.close()
    #expect(try !bytesFound(canary, path))
    #expect(try !bytesFound("\"name\":\"canary", path))
  }

  @Test("a store whose file is gone or replaced refuses to go on")
  func replacedFile() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    _ = try await store.commit(records.insert(records.key()))
    try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
    for _ in 0..<2 {
      let refused = await refusal(of: records.insert(records.key()), by: store)
      #expect(refused?.isUnavailable == true)
      #expect(throws: StoreError.self) { try store.poll(after: 0, limit: 100) }
      try Data().write(to: URL(fileURLWithPath: path))
    }
    await store.close()
  }

  @Test("a listing leaves its caller's thread to others, a lookup is done on it")
  func threads() async throws {
    let folder = try Folder()
    let store: any KeyStore = SQLiteStore(path: folder.path("keys.sqlite3"))
    try await store.open()
    // A listing that is through before its caller has let go of the thread lets nobody pass: asked some times, one
    // that runs elsewhere does.
    func lets(_ listing: @escaping @Sendable () async throws -> Void) async throws -> Bool {
      for _ in 0..<200 where try await order(listing) == ["behind", "first"] { return true }
      return false
    }
    #expect(try await lets { _ = try await store.keys(KeyQuery(now: Records.start)) })
    #expect(try await lets { _ = try await store.owners(OwnerQuery()) })
    #expect(try await lets { _ = try await store.find(prefix: "tok_a") } == false)
    await store.close()
  }

  private func bytesFound(_ text: String, _ path: String) throws -> Bool {
    try [path, path + "-wal"].contains { path in
      guard FileManager.default.fileExists(atPath: path) else { return false }
      return try Data(contentsOf: URL(fileURLWithPath: path)).range(of: Data(text.utf8)) != nil
    }
  }
}

extension StoreError {
  var isUnavailable: Bool {
    if case .unavailable = self { return true }
    return false
  }

  var isCorrupt: Bool {
    if case .corrupt = self { return true }
    return false
  }

  static let closed = StoreError.unavailable("the store is not open")
}
