import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which signals a stream wants. Every condition that is set must hold.
struct SignalFilter: Sendable {
  /// Signals of one of these names; without any, of all.
  let signals: [String]
  var keyID: UUID?
  var prefix: String?
  /// The owner's name.
  private(set) var owner: String?
  /// The owners of that name, one per kind at most, as far as they exist.
  private var ownerIDs: [UUID] = []

  init(_ fields: QueryFields) throws(Problem) {
    var signals: [String] = []
    for name in fields.list("name") { signals.append(try SignalFilter.known(name)) }
    self.signals = signals
    keyID = try fields.id("key")
    prefix = fields.string("prefix")
    owner = fields.string("owner")
  }

  /// The query item that may name several signals.
  static let lists: Set<String> = ["name"]

  private static func known(_ text: String) throws(Problem) -> String {
    if let name = names.first(where: { $0.utf8.elementsEqual(text.utf8) }) { return name }
    // What was given is not repeated: it may be anything, a token that stands where none belongs too.
    guard let near = NearestName.find(text, among: names) else {
      throw .invalid("name", "must be among \(names.joined(separator: ", "))")
    }
    throw .invalid("name", "names no signal of the log; did you mean \(near)?")
  }

  /// The signals of the log.
  static let names = SignalCatalogue.changeNames

  /// Finds the owners of the name, which may be made only while the stream goes on.
  mutating func findOwners(in kernel: AuthKernel) async throws(LifecycleError) {
    if let owner { ownerIDs = try await kernel.ownerIDs(named: owner) }
  }

  func takes(_ entry: LogEntry) -> Bool {
    if !signals.isEmpty, !signals.contains(where: { $0.utf8.elementsEqual(entry.signal.utf8) }) {
      return false
    }
    if let keyID, entry.keyID != keyID { return false }
    if let prefix, !prefix.utf8.elementsEqual((entry.prefix ?? "").utf8) { return false }
    if owner != nil {
      guard let id = entry.ownerID, ownerIDs.contains(id) else { return false }
    }
    return true
  }
}
