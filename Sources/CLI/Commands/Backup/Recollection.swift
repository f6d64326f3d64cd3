import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a replaced store knew of keys and owners that the copy in its place is too old to have. It lies in the restored
/// store as a record, so that whoever then restores a newer backup, which does have them, brings back nothing that was
/// ended either.
///
/// Holds no hash and nothing personal.
struct Recollection: Codable, Equatable {
  /// How a key was.
  struct Key: Codable, Equatable {
    let id: UUID
    let prefix: String
    let status: KeyRecord.Status
    let revision: Int64
    /// None of a key that is over.
    let secrets: [Token]

    struct Token: Codable, Equatable {
      let id: UUID
      let endsAt: Timestamp?
    }

    /// Whether nothing can change any more.
    var isOver: Bool { status == .revoked || status == .purged }

    init(_ key: KeyRecord) {
      id = key.id
      prefix = key.prefix
      status = key.status
      revision = key.revision
      let isOver = status == .revoked || status == .purged
      secrets = isOver ? [] : key.secrets.map { Token(id: $0.id, endsAt: $0.endsAt) }
    }
  }

  var keys: [Key] = []
  /// Ids of owners that were disabled.
  var disabledOwners: [UUID] = []

  private static let collection = "restore"
  /// The one record of its collection.
  private static let recordID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))

  init() {}

  /// What an earlier restore has left in a store.
  init(in store: any PluginRecordStore) async throws(StoreError) {
    guard let record = try await store.pluginRecords(Recollection.collection).first else { return }
    self = try Recollection(record)
  }

  private init(_ record: PluginRecord) throws(StoreError) {
    guard let read = try? JSONDecoder().decode(Recollection.self, from: Data(record.content)) else {
      throw .corrupt("what an earlier restore has noted can't be read")
    }
    self = read
  }

  /// Leaves it in a store, beside what lies there.
  func add(to store: any PluginRecordStore) async throws(StoreError) {
    if self == Recollection() { return }
    let before = try await store.pluginRecords(Recollection.collection).first
    var all = try before.map { (record) throws(StoreError) in try Recollection(record) } ?? .init()
    all.add(self)
    guard let content = try? JSONEncoder().encode(all) else {
      throw .corrupt("what the replaced store knew can't be written")
    }
    let record = PluginRecord(
      id: Recollection.recordID, revision: (before?.revision ?? 0) + 1, content: Array(content))
    try await store.put(record, in: Recollection.collection)
  }

  /// Takes in what is known later. What is over stays so.
  mutating func add(_ later: Recollection) {
    var known = Dictionary(keys.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    for key in later.keys where known[key.id]?.isOver != true || key.isOver {
      known[key.id] = key
    }
    keys = known.values.sorted { $0.id.text < $1.id.text }
    disabledOwners = Set(disabledOwners + later.disabledOwners).sorted { $0.text < $1.text }
  }
}
