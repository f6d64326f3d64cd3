import Cardea

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a slot of this node's spool holds and the store does not have, as far as its files tell. They are read and nothing
/// is locked: a server that started at that moment would take the slot for another's, and pass it over.
struct SpoolHealth {
  /// A server moves what it has recorded every second. What is older stands still.
  private static let longest: Duration = .seconds(60)

  /// The slot's name in the access log.
  let node: String
  private let path: String
  private let segments: [Segment]

  private struct Segment {
    /// The sequence of its first record.
    let first: Int64
    let path: String
  }

  struct Waiting {
    let count: Int64
    /// When the oldest was recorded.
    let since: Timestamp
  }

  /// One for each slot that holds what has been waiting for too long.
  static func findings(_ session: Session) async throws -> [Finding] {
    guard let store = session.kernel.store as? any AccessLogStore,
      let folder = AccessLogSetup.spool(session.settings, session.composition.store)
    else { return [] }
    var findings: [Finding] = []
    for slot in try slots(of: folder) {
      // In this order: what is moved meanwhile is in no file that is read afterwards.
      let head = try await store.accessHead(node: slot.node)
      guard let waiting = slot.waiting(after: head.sequence),
        let due = waiting.since.adding(longest), due < session.now
      else { continue }
      let what =
        waiting.count == 1 ? "1 authentication stands" : "\(waiting.count) authentications stand"
      findings.append(
        .warning(
          "spool_not_moved",
          "\(what) in \(slot.path) and not in the access log, since \(waiting.since.rfc3339): "
            + remedy(session.settings)))
    }
    return findings
  }

  private static func remedy(_ settings: Settings) -> String {
    let tier = settings[SettingsTable.auditTier]
    if ["async", "off"].contains(tier) {
      return "with audit.tier: \(tier) no server empties a spool. Start one with "
        + "audit.tier: process"
    }
    return "no server runs on this spool, or the store does not take what it holds. Start the "
      + "server; if it runs, its log and audit_behind at /readyz say more"
  }

  /// The slots of a spool; none where there is no spool.
  static func slots(of folder: String) throws -> [SpoolHealth] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
      .sorted().compactMap { try SpoolHealth("\(folder)/\($0)") }
  }

  /// - Parameter path: the slot's folder. One that has no name yet has recorded nothing.
  private init?(_ path: String) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    guard names.contains("node") else { return nil }
    let text = String(decoding: try Data(contentsOf: URL(filePath: "\(path)/node")), as: UTF8.self)
    node = String(text.prefix { $0 != "\n" })
    self.path = path
    segments = names.compactMap { name -> Segment? in
      guard name.hasSuffix(".log"), let first = Int64(name.dropLast(4)) else { return nil }
      return Segment(first: first, path: "\(path)/\(name)")
    }.sorted { $0.first < $1.first }
  }

  /// What is recorded after a sequence; `nil` if nothing is.
  func waiting(after sequence: Int64) -> Waiting? {
    let start = segments.lastIndex { $0.first <= sequence + 1 } ?? 0
    for segment in segments[start...] {
      let records = SpoolHealth.records(segment.path)
      guard let oldest = records.first(where: { $0.sequence > sequence }) else { continue }
      let last = segments.last.flatMap { SpoolHealth.records($0.path).last } ?? oldest
      return Waiting(
        count: max(last.sequence, oldest.sequence) - oldest.sequence + 1, since: oldest.draft.at)
    }
    return nil
  }

  /// The records of a segment that are whole. One that is gone was moved meanwhile.
  private static func records(_ path: String) -> [SpooledAccess] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return data.withUnsafeBytes { bytes in
      let lines = bytes.bindMemory(to: UInt8.self)
      // What stands behind the last line's end is not written to its own.
      return lines.split(separator: SpoolLine.lineFeed, omittingEmptySubsequences: false).dropLast()
        .compactMap { SpoolLine.record(UnsafeBufferPointer(rebasing: $0)) }
    }
  }
}
