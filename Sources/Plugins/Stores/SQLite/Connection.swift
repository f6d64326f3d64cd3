import CardeaContracts
import GRDB
import GRDBSQLite

/// How connections are opened.
enum Connection {
  /// How long a connection waits for another process's lock: milliseconds.
  static let busyTimeout: Int32 = 5_000

  /// The connection that writes. It creates nothing but the file's own contents.
  static func writer(path: String) throws(StoreError) -> DatabaseQueue {
    var configuration = base("cardea.store.sqlite.write")
    // A transaction that SQLite refuses to roll back must be reported, not trapped on.
    configuration.allowsUnsafeTransactions = true
    configuration.prepareDatabase { db in
      // Acknowledged means synced: GRDB's own choice for WAL, NORMAL, syncs at checkpoints only.
      try db.execute(sql: "PRAGMA synchronous = FULL")
      #if canImport(Darwin)
        // There fsync leaves data in the drive's cache.
        try db.execute(sql: "PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON")
      #endif
      // What a savepoint may have to take back is kept in memory, where it is forgotten with the savepoint. In a
      // file it would be written out for every change of a group (SQLite, *Temporary Files*, section 2.3).
      try db.execute(sql: "PRAGMA temp_store = MEMORY")
      // Keys arrive in no order of their prefixes, so a write touches pages all over the file: 16 MiB of them.
      try db.execute(sql: "PRAGMA cache_size = -16384")
      // What purge and rotation delete is overwritten with zeros.
      try db.execute(sql: "PRAGMA secure_delete = ON")
      // Pages that one transaction after another changes are copied into the file once: 16 MiB of log.
      try db.execute(sql: "PRAGMA wal_autocheckpoint = 4096")
      // A write-ahead log that grew under a long read shrinks again: 64 MiB.
      try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
    }
    return try open(path, configuration)
  }

  /// A connection that only reads.
  static func reader(path: String) throws(StoreError) -> DatabaseQueue {
    var configuration = base("cardea.store.sqlite.read")
    configuration.readonly = true
    return try open(path, configuration)
  }

  private static func base(_ label: String) -> Configuration {
    var configuration = Configuration()
    configuration.label = label
    configuration.busyMode = .timeout(Double(busyTimeout) / 1000)
    return configuration
  }

  private static func open(
    _ path: String, _ configuration: Configuration
  ) throws(StoreError) -> DatabaseQueue {
    do {
      return try DatabaseQueue(path: path, configuration: configuration)
    } catch {
      throw StoreError(sqlite: error).at(path)
    }
  }
}

extension StoreError {
  /// What is said after ``KeyStore/close()`` or before ``KeyStore/open()``.
  static let closed = StoreError.unavailable("the store is not open")

  /// The same, naming the file.
  func at(_ path: String) -> StoreError {
    switch self {
    case .unavailable(let reason): .unavailable("\(path): \(reason)")
    case .corrupt(let reason): .corrupt("\(path): \(reason)")
    default: self
    }
  }
}

extension DatabaseQueue {
  /// Runs `body` on the connection, on the caller's thread.
  func access<Value>(
    _ body: (Database) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    // GRDB rethrows untyped errors; a result carries the type through.
    let result = unsafeReentrantRead { db in
      Result { () throws(StoreError) in try body(db) }
    }
    return try result.get()
  }
}
