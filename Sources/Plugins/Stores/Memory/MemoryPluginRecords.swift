import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Records of plugins' own.
struct MemoryPluginRecords: Sendable {
  private var collections: [Bytes: [UUID: PluginRecord]] = [:]

  func all(_ collection: String) -> [PluginRecord] {
    (collections[Bytes(collection)] ?? [:]).values.sorted { $0.id.text < $1.id.text }
  }

  func one(_ id: UUID, _ collection: String) -> PluginRecord? {
    collections[Bytes(collection)]?[id]
  }

  mutating func put(_ record: PluginRecord, _ collection: String) throws(StoreError) {
    try check(.put(record, in: collection))
    write(record, collection)
  }

  /// - Throws: `.conflict` if such a write does not fit what is there.
  func check(_ write: StoreChange.RecordWrite) throws(StoreError) {
    let fits =
      switch write {
      case .put(let record, let collection):
        (collections[Bytes(collection)]?[record.id]?.revision ?? 0) == record.revision - 1
      case .remove(let id, let names, _): names.contains { collections[Bytes($0)]?[id] != nil }
      }
    if !fits { throw .conflict }
  }

  /// Writes what ``check(_:)`` has let pass.
  mutating func write(_ record: PluginRecord, _ collection: String) {
    collections[Bytes(collection), default: [:]][record.id] = record
  }

  mutating func remove(_ id: UUID, _ names: [String]) -> Bool {
    var found = false
    for name in names where collections[Bytes(name)]?.removeValue(forKey: id) != nil {
      found = true
    }
    return found
  }
}
