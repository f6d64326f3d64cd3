import CardeaContracts
import Dispatch
import GRDB

/// Connections that only read: a caller takes one, reads on its own thread, and gives it back.
///
/// Each keeps its prepared statements. There are never more than threads that read at once, since nobody
/// waits for one; those beyond `most` are closed when they come back. Before each read the path must still
/// mean the file that was opened; if not, the read is refused and the idle connections are closed.
///
/// Threading: `read` from any thread, many at once. `list` reads on a queue of its own, one after the other,
/// so that scans of the whole table hold up no thread that lookups need.
final class Readers: Sendable {
  private static let most = 16

  private let path: String
  private let file: FileIdentity
  private let lane = DispatchQueue(label: "cardea.store.sqlite.listings", qos: .userInitiated)
  private let state = Locked(State())

  private struct State: Sendable {
    var idle: [DatabaseQueue] = []
    var isClosed = false
  }

  /// Opens the first connection, so that a fault shows at once.
  init(path: String, file: FileIdentity) throws(StoreError) {
    self.path = path
    self.file = file
    let first = try Connection.reader(path: path)
    state.withLock { $0.idle.append(first) }
  }

  /// What `body` reads. One statement is one snapshot.
  func read<Value>(
    _ body: (Database) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    try verifyFile()
    let taken = try state.withLock { (state) throws(StoreError) -> DatabaseQueue? in
      if state.isClosed { throw .closed }
      return state.idle.popLast()
    }
    let connection = if let taken { taken } else { try opened() }
    defer { giveBack(connection) }
    return try connection.access(body)
  }

  /// What `body` reads, at its leisure: the caller's thread is free meanwhile.
  func list<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let result = await withCheckedContinuation { continuation in
      lane.async {
        continuation.resume(
          returning: Result { () throws(StoreError) in try self.read(body) })
      }
    }
    return try result.get()
  }

  /// Closes the idle connections; the others close when they come back.
  func close() {
    state.withLock { $0.isClosed = true }
    closeIdle()
  }

  private func opened() throws(StoreError) -> DatabaseQueue {
    let connection = try Connection.reader(path: path)
    do {
      try file.verify()
    } catch {
      try? connection.close()
      throw error
    }
    return connection
  }

  private func verifyFile() throws(StoreError) {
    do {
      try file.verify()
    } catch {
      closeIdle()
      throw error
    }
  }

  private func closeIdle() {
    let idle = state.withLock { state -> [DatabaseQueue] in
      defer { state.idle = [] }
      return state.idle
    }
    for connection in idle { try? connection.close() }
  }

  private func giveBack(_ connection: DatabaseQueue) {
    let isKept = state.withLock { state in
      guard !state.isClosed, state.idle.count < Readers.most else { return false }
      state.idle.append(connection)
      return true
    }
    if !isKept { try? connection.close() }
  }
}
