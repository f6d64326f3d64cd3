import CardeaLifecycle
import CardeaMemoryStore
import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct FaultyPluginRecordsTests {
  @Test(arguments: FaultyPluginRecords.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyPluginRecords.Fault) async {
    #expect(await broken(.records) { FaultyPluginRecords(fault: fault) } == fault.breaks)
  }
}

/// The memory store, with one thing wrong about plugins' records.
struct FaultyPluginRecords: PluginRecordStore, MemoryBacked {
  enum Fault: PlantedFault {
    case passesThemOver, overwrites, logsWhatItRefuses, keepsTheSubscription, mixesCollections

    var breaks: Set<String> {
      self == .mixesCollections
        ? ["keeps plugins' records by collection, and lists them by id"]
        : ["writes a plugin's record with the signals that tell of it, or neither"]
    }
  }

  let fault: Fault?
  let base = MemoryStore()

  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    var rest = change
    rest.record = nil
    switch (fault, change.record) {
    case (.passesThemOver, _?): return try base.commit(rest)
    case (.overwrites, .put(let record, let collection)?) where !change.isRehearsal:
      let old = base.pluginRecords(collection).first { $0.id == record.id }?.revision ?? 0
      let next = PluginRecord(id: record.id, revision: old + 1, content: record.content)
      rest.record = .put(next, in: collection)
      return try base.commit(rest)
    case (.logsWhatItRefuses, _?):
      do throws(StoreError) { return try base.commit(change) } catch {
        _ = try base.commit(rest)
        throw error
      }
    case (.keepsTheSubscription, .remove(let id, let collections, _)?):
      rest.record = .remove(id, from: collections, subscription: "another")
      return try base.commit(rest)
    default: return try base.commit(change)
    }
  }

  func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64? { base.claim(claim) }
  func advance(_ step: SubscriptionStep) async throws(StoreError) { try base.advance(step) }
  func subscriptions() async throws(StoreError) -> [SubscriptionRecord] { base.subscriptions() }
  func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> [DeadLetter] {
    base.deadLetters(query)
  }
  func replay(subscription: String?, position: Int64?) async throws(StoreError) -> Int {
    base.replay(subscription: subscription, position: position)
  }
  func pluginRecords(_ collection: String) async throws(StoreError) -> [PluginRecord] {
    base.pluginRecords(collection)
  }
  func pluginRecord(
    _ id: UUID, in collection: String
  ) async throws(StoreError) -> PluginRecord? {
    try await base.pluginRecord(id, in: fault == .mixesCollections ? "kit" : collection)
  }
  func put(_ record: PluginRecord, in collection: String) async throws(StoreError) {
    try base.put(record, in: collection)
  }
  func removeRecords(
    _ id: UUID, from collections: [String], subscription: String
  ) async throws(StoreError) -> Bool {
    base.removeRecords(id, from: collections, subscription: subscription)
  }
}
