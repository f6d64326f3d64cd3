import CardeaContracts
import CardeaMemoryStore
import CardeaPostgreSQL
import CardeaSQLite
import Testing

/// The stores that the common expectations are run against.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
  case memory, sqlite, postgresql

  var testDescription: String { rawValue }

  /// What is hardest to keep: no text of PostgreSQL's holds a NUL, and the kernel lets none into a name.
  var hardest: String { self == .postgresql ? "\u{1}" : "\0" }

  /// Opens an empty store, hands it to `body` with a maker of records, and closes it.
  func withStore(
    _ body: (any KeyStore, Records) async throws -> Void
  ) async throws {
    let folder = try Folder()
    let database = LazyDatabase()
    let store: any KeyStore =
      switch self {
      case .memory: MemoryStore()
      case .sqlite: SQLiteStore(path: folder.path("keys.sqlite3"))
      case .postgresql: try database.make()
      }
    try await store.open()
    try await body(store, try Records())
    await store.close()
  }
}
