import BenchSupport
import Cardea
import CardeaSQLite
import Foundation

/// A store in SQLite with 90 days behind it that nobody lived: so many entries of the access log, and a tenth as many
/// of the signal log.
///
/// The first entries of each log are real; the others are these again, each with a time, a key and a hash of its own,
/// written by one statement of SQL. Tables, indexes and heads are as the store has them, so it opens and appends; the
/// hashes are random, so the chains of the logs do not verify.
struct SimulatedLog {
  static let node = "bench"
  /// Who is asked more has more keys: so many entries of the access log are of one, however long the log is.
  private static let entriesOfKey = 1_000
  private static let span: Int64 = 90 * 86_400_000
  /// What an entry and its tenth of a change take on disk with their indexes (some 430), the longest of these once more
  /// while it is sorted (60), and a reserve.
  private static let bytes = 550

  /// Open.
  let store: SQLiteStore
  let entries: Int
  /// Entries of the signal log.
  let changes: Int
  private let keys: [KeyRecord]

  /// Throws unless so many entries have room in the folder of temporary files.
  static func ensureRoom(for entries: Int) throws {
    let folder = FileManager.default.temporaryDirectory.path
    let room = try FileManager.default.attributesOfFileSystem(forPath: folder)[.systemFreeSize]
    let free = (room as? NSNumber)?.doubleValue ?? 0
    let needed = Double(entries * bytes)
    guard free >= needed else {
      throw BenchError.failed(
        String(
          format: "%@ has %.1f GB free, and %d entries need %.1f; TMPDIR names another folder",
          folder, free / 1e9, entries, needed / 1e9))
    }
  }

  init(entries: Int, in folder: Folder, _ primitives: SodiumPrimitives) async throws {
    let path = folder.path("\(entries).sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    print("  simulating \(entries) entries …")
    let began = ContinuousClock.now
    let prefixes = try await StoreFilling.add(
      max(1, entries / SimulatedLog.entriesOfKey), to: store)
    let keys = try prefixes.compactMap { try store.find(prefix: $0)?.key }
    let start = Timestamp(milliseconds: SystemClock().now().milliseconds - SimulatedLog.span)
    let requests = SimulatedLog.requests(keys[0], at: start)
    _ = try await store.append(
      AccessBatch(
        node: SimulatedLog.node, after: 0, through: Int64(requests.count), drafts: requests,
        primitives: primitives))
    try await SimulatedLog.suspendOrReactivate(keys[0], at: start, in: store, primitives)
    await store.close()
    changes = entries / 10
    try SimulatedLog.simulate(
      entries, after: requests.count, changes: changes, from: start, keys: keys.count, on: path)
    // Else the first change that is measured would wait until all this is on disk.
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    let size = try file.seekToEnd()
    try file.synchronize()
    try file.close()
    try await store.open()
    print(
      String(
        format: "    %.0f s, %.2f GB", (ContinuousClock.now - began) / .seconds(1),
        Double(size) / 1e9))
    self.store = store
    self.entries = entries
    self.keys = keys
  }

  /// One of the keys, all of which are used alike.
  func anyKey() -> KeyRecord { keys[Int.random(in: 0..<keys.count)] }

  /// What requests with that key leave behind: twenty paths, one request in ten denied.
  static func requests(_ key: KeyRecord, at: Timestamp) -> [AccessDraft] {
    (0..<20).map { number in
      let reason: Denial.Reason? =
        switch number {
        case 9: .rateLimited
        case 19: .unknown
        default: nil
        }
      let facts = RequestFacts(
        method: "GET", path: "/v1/orders/\(number)", clientAddress: "203.0.113.\(number)",
        userAgent: "python-requests/2.32.3")
      return AccessDraft(
        AccessEvent(
          at: at, reason: reason, keyID: reason == .unknown ? nil : key.id, prefix: key.prefix,
          owner: nil, request: facts))
    }
  }

  /// Suspends a key as the kernel does, or ends that: as much work however often it is done.
  static func suspendOrReactivate(
    _ key: KeyRecord, at: Timestamp, in store: SQLiteStore, _ primitives: SodiumPrimitives
  ) async throws {
    guard var stored = try store.find(prefix: key.prefix) else { throw BenchError.denied }
    let revision = stored.key.revision
    let suspends = stored.key.status == .active
    stored.key.status = suspends ? .suspended : .active
    stored.key.revision += 1
    // Of both signals the same is written.
    let signal = KeySuspended(at: at, actor: "bench", key: KeyFacts(stored, at: at))
    let draft = LogDraft(
      signal: suspends ? KeySuspended.name : KeyReactivated.name, at: at, keyID: key.id,
      prefix: key.prefix, ownerID: nil,
      payload: Array(try JSONEncoder().encode(signal)), salt: primitives.randomBytes(16))
    var change = StoreChange(drafts: [draft], primitives: primitives)
    change.key = .replace(stored.key, expected: revision)
    _ = try await store.commit(change)
  }

  // MARK: SQL

  /// Fills both logs of a file that nobody has open up to so many entries: after the real requests, and after the one
  /// real change.
  private static func simulate(
    _ entries: Int, after requests: Int, changes: Int, from start: Timestamp, keys: Int,
    on path: String
  ) throws {
    let indexes = """
      FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('access_log', 'signal_log')
        AND sql NOT LIKE 'CREATE UNIQUE %'
      """
    let drop = try run("SELECT 'DROP INDEX ' || name || ';' \(indexes)", on: path)
    let make = try run("SELECT sql || ';' \(indexes)", on: path)
    let fill = rows(entries, after: requests, changes: changes, from: start, keys: keys)
    // Entries come in the order of the one index that stays; the others are faster made at the end.
    _ = try run(drop + fill + make, on: path)
  }

  private static func rows(
    _ entries: Int, after requests: Int, changes: Int, from start: Timestamp, keys: Int
  ) -> String {
    """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -1048576;

    CREATE TEMP TABLE requests AS SELECT * FROM access_log ORDER BY number;
    INSERT INTO access_log (number, node, position, at, action, reason, status, count, key_id, prefix,
      payload, salt, payload_digest, hash, path)
    SELECT s.value, r.node, s.value, \(start.milliseconds) + s.value * \(span) / \(entries), r.action,
      r.reason, r.status, r.count, iif(r.key_id IS NULL, NULL, k.id), k.prefix, r.payload, r.salt,
      r.payload_digest, randomblob(32), r.path
    FROM generate_series(\(requests + 1), \(entries)) s
      CROSS JOIN requests r ON r.rowid = 1 + s.value % \(requests)
      CROSS JOIN keys k ON k.number = 1 + abs(random()) % \(keys);
    UPDATE access_nodes SET position = \(entries), sequence = \(entries), last_number = \(entries),
      hash = (SELECT hash FROM access_log WHERE number = \(entries));

    CREATE TEMP TABLE changes AS SELECT * FROM signal_log;
    INSERT INTO signal_log (position, at, signal, key_id, prefix, owner_id, payload, salt,
      payload_digest, hash)
    SELECT s.value, \(start.milliseconds) + s.value * \(span) / \(changes), c.signal, k.id, k.prefix,
      c.owner_id, c.payload, c.salt, c.payload_digest, randomblob(32)
    FROM generate_series(2, \(changes)) s CROSS JOIN changes c
      CROSS JOIN keys k ON k.number = 1 + abs(random()) % \(keys);
    UPDATE signal_log_head SET position = \(changes),
      hash = (SELECT hash FROM signal_log WHERE position = \(changes));

    """
  }

  /// Has the command line's `sqlite3` execute statements, which sorts beside the file; what it wrote to its output.
  private static func run(_ statements: String, on path: String) throws -> String {
    let process = Process()
    let pipe = Pipe()
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sqlite3", "-bail", path, statements]
    process.environment = ProcessInfo.processInfo.environment.merging(["SQLITE_TMPDIR": folder]) {
      $1
    }
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw BenchError.failed("sqlite3 did not fill \(path)")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
