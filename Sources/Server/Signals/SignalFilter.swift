import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which signals a stream wants. Every condition that is set must hold.
struct SignalFilter: Sendable {
  var name: String?
  var keyID: UUID?
  var prefix: String?
  /// The owner's name.
  private(set) var owner: String?
  /// The owners of that name, one per kind at most, as far as they exist.
  private var ownerIDs: [UUID] = []

  init(_ fields: QueryFields) throws(Problem) {
    if let text = fields.string("name") {
      guard SignalFilter.names.contains(text) else {
        throw .invalid("name", "must be one of \(SignalFilter.names.joined(separator: ", "))")
      }
      name = text
    }
    keyID = try fields.id("key")
    prefix = fields.string("prefix")
    owner = fields.string("owner")
  }

  /// The signals of the log.
  static let names = SignalBus.changeNames

  /// Finds the owners of the name, which may be made only while the stream goes on.
  mutating func findOwners(in kernel: AuthKernel) async throws(LifecycleError) {
    if let owner { ownerIDs = try await kernel.ownerIDs(named: owner) }
  }

  func takes(_ entry: LogEntry) -> Bool {
    if let name, !name.utf8.elementsEqual(entry.signal.utf8) { return false }
    if let keyID, entry.keyID != keyID { return false }
    if let prefix, !prefix.utf8.elementsEqual((entry.prefix ?? "").utf8) { return false }
    if owner != nil {
      guard let id = entry.ownerID, ownerIDs.contains(id) else { return false }
    }
    return true
  }
}
