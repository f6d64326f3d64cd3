import CardeaLifecycle
import Foundation
import GRDB
import Testing

@testable import CardeaSQLite

/// A page of owners begins with a seek to its place, either way, however many owners are before it.
@Suite struct OwnerIndexTests {
  @Test(arguments: [false, true], [nil, OwnerRecord.Kind.user])
  func aPageIsSoughtByKindAndName(_ descending: Bool, _ kind: OwnerRecord.Kind?) async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    await store.close()
    var query = OwnerQuery(kind: kind)
    query.descending = descending
    let place = Listing.OwnerPlace(kind: "user", name: "n")
    let sql = Listing.owners(query, after: place, limit: 9).sql
    let count = sql.count { $0 == "?" }
    let plan = try await DatabaseQueue(path: path).read { db in
      try Row.fetchAll(
        db, sql: "EXPLAIN QUERY PLAN \(sql)",
        arguments: StatementArguments(Array(repeating: "user", count: count))
      ).map { $0["detail"] as String }.joined(separator: "\n")
    }
    let beyond = descending ? "<" : ">"
    let sought = kind == nil ? "((kind,name)\(beyond)(?,?))" : "(kind=? AND name\(beyond)?)"
    #expect(plan.contains("USING INDEX sqlite_autoindex_owners_2 \(sought)"), "\(plan)")
    #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
  }
}
