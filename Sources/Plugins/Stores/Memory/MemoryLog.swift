import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The signal log: entry `n` stands at index `n - 1`, since positions begin at 1 and have no gaps.
struct MemoryLog: Sendable {
  private var entries: [LogEntry] = []
  /// Where each key's entries stand.
  private var indexes: [UUID: [Int]] = [:]

  var head: LogHead {
    entries.last.map { LogHead(position: $0.position, hash: $0.hash) } ?? .empty
  }

  func entries(after position: Int64, limit: Int) -> [LogEntry] {
    guard position < Int64(entries.count) else { return [] }
    return Array(entries[Int(max(position, 0))...].prefix(max(limit, 0)))
  }

  mutating func append(_ entry: LogEntry) {
    if let keyID = entry.keyID { indexes[keyID, default: []].append(entries.count) }
    entries.append(entry)
  }

  /// Takes payload and salt out of every entry of that key.
  mutating func erase(_ keyID: UUID) {
    for index in indexes[keyID] ?? [] { entries[index] = entries[index].erased }
  }

  /// The same for at most `limit` entries up to `position` that still have them; how many.
  mutating func erase(through position: Int64, limit: Int) -> Int {
    var count = 0
    for index in entries.indices.prefix(Int(clamping: position))
    where count < limit && entries[index].payload != nil {
      entries[index] = entries[index].erased
      count += 1
    }
    return count
  }
}
