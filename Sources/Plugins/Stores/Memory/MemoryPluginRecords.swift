import CardeaKernel

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

  mutating func put(_ record: PluginRecord, _ collection: String) throws(StoreError) {
    let name = Bytes(collection)
    guard (collections[name]?[record.id]?.revision ?? 0) == record.revision - 1 else {
      throw .conflict
    }
    collections[name, default: [:]][record.id] = record
  }

  mutating func remove(_ id: UUID, _ names: [String]) -> Bool {
    var found = false
    for name in names where collections[Bytes(name)]?.removeValue(forKey: id) != nil {
      found = true
    }
    return found
  }
}
