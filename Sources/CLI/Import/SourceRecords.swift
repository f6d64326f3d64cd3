import CardeaKernel

/// An owner as the source has it.
struct SourceOwner: Hashable {
  var kind: OwnerRecord.Kind
  var name: String
  var maxKeys = -1
  /// Whether the source marks it as inactive.
  var isInactive = false
  var createdAt: Timestamp?
  var members: [String] = []

  var reference: OwnerReference { OwnerReference(kind: kind, name: name) }
}

/// A key as the source has it, in our words.
struct SourceKey {
  /// How messages name the row. Never a key or a hash.
  var row: String
  /// What its id is derived from, so that the same row has the same id in every import.
  var seed: String
  var prefix: String
  var name: String
  var description = ""
  var kind = KeyRecord.Kind.user
  var keyClass = "default"
  var owner: OwnerReference?
  var scopes: [String] = []
  var status = KeyRecord.Status.active
  var format: String
  var hash: String
  var createdAt: Timestamp?
  var expiresAt: Timestamp?
  var lastUsedAt: Timestamp?
  var metadata: [String: JSONValue] = [:]
}

/// A row of the log that another system kept of its keys, in our words.
struct SourceLogRow {
  var action: String
  var at: Timestamp
  var reason: String?
  var status: Int
  /// The key that it is about: what the key's id is derived from.
  var key: (seed: String, createdAt: Timestamp)?
  var prefix: String?
  var payload: AccessPayload
}

/// The log that another system kept of its keys.
protocol SourceLog {
  /// The node of the access log that its rows belong to: one for each database.
  var node: String { get }
  func count(through number: Int64) throws -> Int
  func count(after number: Int64) throws -> Int
  /// Rows in the order of their numbers.
  func rows(after number: Int64) throws -> () throws -> (
    number: Int64, item: SourceItem<SourceLogRow>
  )?
}

/// What is found of one row.
enum SourceItem<Record> {
  case record(Record)
  case faulty(row: String, reason: String)
}

/// What knows another system's tables.
protocol SourceReader {
  /// The subcommand's name, which stands in `imported_from` too.
  var name: String { get }
  /// Rows that ``keys(in:)`` will give.
  func total(in source: any SourceDatabase) throws -> Int
  /// Fails for a database of something else or of a version that is not known, before anything is written.
  func check(_ source: any SourceDatabase) throws
  func owners(in source: any SourceDatabase) throws -> SourceItems<SourceOwner>
  func keys(in source: any SourceDatabase) throws -> SourceItems<SourceKey>
  /// The log that the system kept itself; `nil` if there is none.
  func log(in source: any SourceDatabase) throws -> (any SourceLog)?
  /// What clients of that system need.
  var needs: ImportNeeds { get }
}

extension SourceReader {
  func log(in source: any SourceDatabase) -> (any SourceLog)? { nil }
}

/// Records read one at a time.
struct SourceItems<Record> {
  let next: () throws -> SourceItem<Record>?

  init(_ next: @escaping () throws -> SourceItem<Record>?) { self.next = next }

  /// Reads each row of a query by `read`; a fault of a row is told and the rest goes on.
  init(
    _ rows: any SourceRows, row name: @escaping (SourceRow, Int) -> String,
    _ read: @escaping (SourceRow, String) throws(RowFault) -> Record
  ) {
    var number = 0
    next = {
      guard let row = try rows.next() else { return nil }
      number += 1
      let name = name(row, number)
      do throws(RowFault) { return .record(try read(row, name)) } catch {
        return .faulty(row: name, reason: error.reason)
      }
    }
  }
}

extension CommandFailure {
  /// The database is of something else, or of a version that is not known.
  static func wrongSource(_ source: any SourceDatabase, _ problem: String) -> CommandFailure {
    .usage("\(source.name): \(problem)", remedy: "Nothing was changed.", field: "source")
  }
}
