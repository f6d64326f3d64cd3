#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A store that keeps small records of plugins' own beside keys, such as where webhooks go. What they hold is the
/// plugin's business; the store neither reads it nor writes it to a log. A change that is to stand in the signal log
/// comes as ``StoreChange/record``, with the signals that tell of it.
///
/// Promises (the conformance kit checks each):
/// - a record is written only over the revision that the writer has seen, else `.conflict` and nothing changes.
/// - a record goes together with the durable subscription that served it, and that one's dead letters.
/// - a record that comes with a ``StoreChange`` is written or removed with the change's log entries, or neither is.
/// - what was written is on disk before the call returns (unless the store is memory only).
///
/// Threading: from any task, many at once.
public protocol PluginRecordStore: DurableKeyStore {
  /// Every record of a collection, by id. A collection is small: some hundreds of records.
  func pluginRecords(_ collection: String) async throws(StoreError) -> [PluginRecord]
  /// The record of an id in a collection. The default reads the whole collection.
  func pluginRecord(
    _ id: UUID, in collection: String
  ) async throws(StoreError) -> PluginRecord?
  /// Writes a record, whose revision is one above the one that it replaces; 1 if it is new.
  func put(_ record: PluginRecord, in collection: String) async throws(StoreError)
  /// Removes the records of an id from these collections, and the durable subscription of that name; whether
  /// there was any record.
  func removeRecords(
    _ id: UUID, from collections: [String], subscription: String
  ) async throws(StoreError) -> Bool
}

extension PluginRecordStore {
  public func pluginRecord(
    _ id: UUID, in collection: String
  ) async throws(StoreError) -> PluginRecord? {
    try await pluginRecords(collection).first { $0.id == id }
  }
}
