import CardeaContracts
import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Records of plugins' own, in the table `plugin_records`.
///
/// Threading: inside one access to a connection's queue; what changes something, inside a transaction.
struct PluginRecordRows {
  let db: Database

  func all(_ collection: String) throws(StoreError) -> [PluginRecord] {
    let rows = try Query(
      db, "SELECT id, revision, content FROM plugin_records WHERE collection = ? ORDER BY id",
      [collection])
    var records: [PluginRecord] = []
    while try rows.step() { records.append(try read(rows)) }
    return records
  }

  func one(_ id: UUID, _ collection: String) throws(StoreError) -> PluginRecord? {
    let rows = try Query(
      db, "SELECT id, revision, content FROM plugin_records WHERE collection = ? AND id = ?",
      [collection, id])
    return try rows.step() ? read(rows) : nil
  }

  private func read(_ rows: borrowing Query) throws(StoreError) -> PluginRecord {
    PluginRecord(id: try rows.uuid(0), revision: rows.int(1), content: rows.bytes(2))
  }

  func put(_ record: PluginRecord, _ collection: String) throws(StoreError) {
    let isWritten =
      record.revision == 1
      ? try Query(
        db,
        """
        INSERT INTO plugin_records (collection, id, revision, content) VALUES (?, ?, 1, ?)
        ON CONFLICT DO NOTHING
        """, [collection, record.id, record.content]
      ).run() == 1
      : try Query(
        db,
        """
        UPDATE plugin_records SET revision = ?, content = ?
        WHERE collection = ? AND id = ? AND revision = ?
        """, [record.revision, record.content, collection, record.id, record.revision - 1]
      ).run() == 1
    guard isWritten else { throw .conflict }
  }

  /// How many there were.
  func remove(_ id: UUID, _ collections: [String]) throws(StoreError) -> Int64 {
    var count: Int64 = 0
    for collection in collections {
      count += Int64(
        try Query(
          db, "DELETE FROM plugin_records WHERE collection = ? AND id = ?", [collection, id]
        ).run())
    }
    return count
  }
}
