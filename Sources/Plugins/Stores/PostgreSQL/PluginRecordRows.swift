import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes records of plugins' own, in the table `plugin_records`.
struct PluginRecordRows {
  private let transaction: Transaction

  init(_ transaction: Transaction) { self.transaction = transaction }

  func put(_ record: PluginRecord, _ collection: String) async throws(StoreError) {
    let written =
      record.revision == 1
      ? try await transaction.run(
        """
        INSERT INTO cardea.plugin_records (collection, id, revision, content) VALUES ($1, $2, 1, $3)
        ON CONFLICT DO NOTHING
        """, [collection, record.id, record.content])
      : try await transaction.run(
        """
        UPDATE cardea.plugin_records SET revision = $1, content = $2
        WHERE collection = $3 AND id = $4 AND revision = $5
        """, [record.revision, record.content, collection, record.id, record.revision - 1])
    guard written.changed == 1 else { throw .conflict }
  }

  /// How many there were.
  func remove(_ id: UUID, _ collections: [String]) async throws(StoreError) -> Int64 {
    Int64(
      try await transaction.run(
        "DELETE FROM cardea.plugin_records WHERE id = $1 AND collection = ANY ($2)",
        [id, List(collections)]
      ).changed)
  }

  static func select(_ collection: String) -> Statement {
    Statement(
      "SELECT id, revision, content FROM cardea.plugin_records WHERE collection = $1 ORDER BY id",
      [collection])
  }

  static func select(_ id: UUID, in collection: String) -> Statement {
    Statement(
      "SELECT id, revision, content FROM cardea.plugin_records WHERE collection = $1 AND id = $2",
      [collection, id])
  }

  static func readAll(_ rows: Rows) throws(StoreError) -> [PluginRecord] {
    var records: [PluginRecord] = []
    for row in rows {
      records.append(
        PluginRecord(id: try row.uuid(0), revision: row.int(1), content: row.bytes(2)))
    }
    return records
  }
}
