import CardeaContracts

/// Keeps authentications in memory until the kernel has moved them to the store's access log: the tier
/// ``AuditTier/async``, and every tier on a store that lives and dies with the process.
///
/// A full queue drops what comes, or refuses it; either way it is counted, and the count is recorded.
///
/// Threading: any thread.
public final class QueueAuditSink: AuditSink, AccessSpool, AccessSource {
  public let id = "audit.queue"
  public let node: String
  /// What becomes of an event for which there is no room.
  public enum Overflow: Sendable {
    /// It is dropped and counted as lost.
    case drop
    /// Its request is denied.
    case refuse
  }

  private let tier: AuditTier
  private let bound: Int
  private let overflow: Overflow
  private let gate = FloodGate()
  private let state = Locked(State())

  private struct State: Sendable {
    /// The sequence of the first record that waits.
    var first: Int64 = 1
    var records: [Record] = []
    var missing: Int64 = 0
    var last = Timestamp.earliest

    /// Tells of what found no room.
    mutating func addMissing(_ overflow: Overflow) {
      guard missing > 0 else { return }
      let draft =
        overflow == .drop
        ? AccessDraft(lost: missing, at: last) : AccessDraft(unrecorded: missing, at: last)
      records.append(Record(draft: draft, isFolded: false))
      missing = 0
    }
  }

  private struct Record: Sendable {
    let draft: AccessDraft
    let isFolded: Bool
  }

  /// There is no room.
  public struct Full: Error, Sendable {}

  /// - Parameters:
  ///   - node: whose chain of the access log the entries belong to: a name that no other process and no
  ///     earlier one has.
  ///   - bound: events that may wait.
  public init(
    node: String, tier: AuditTier = .async, bound: Int = 65_536, overflow: Overflow = .drop
  ) {
    self.node = node
    self.tier = tier
    self.bound = bound
    self.overflow = overflow
  }

  public var sources: [any AccessSource] { [self] }

  public var waiting: Int { state.withLock { $0.records.count } }

  public func record(_ events: [AccessEvent]) throws {
    for event in events where tier != .failures || event.reason != nil { try add(event) }
  }

  private func add(_ event: AccessEvent) throws(Full) {
    let (draft, isFolded) = gate.draft(event)
    let isTaken = state.withLock { state in
      state.last = event.at
      guard state.records.count < bound else {
        state.missing += 1
        return false
      }
      state.addMissing(overflow)
      state.records.append(Record(draft: draft, isFolded: isFolded))
      return true
    }
    if !isTaken, overflow == .refuse { throw Full() }
  }

  public func canRecord() -> Bool {
    overflow == .drop || tier == .failures || waiting < bound
  }

  public func resume(after sequence: Int64) { discard(through: sequence) }

  public func records(after sequence: Int64, details: Int, limit: Int) -> [SpooledAccess] {
    let (first, waiting) = state.withLock { ($0.first, $0.records) }
    var records: [SpooledAccess] = []
    var detailed = 0
    for (index, record) in waiting.enumerated() {
      let number = first + Int64(index)
      if number <= sequence { continue }
      if records.count >= limit || (!record.isFolded && detailed >= details) { break }
      if !record.isFolded { detailed += 1 }
      records.append(
        SpooledAccess(sequence: number, draft: record.draft, isFolded: record.isFolded))
    }
    return records
  }

  public func discard(through sequence: Int64) {
    state.withLock { state in
      let count = min(Int(clamping: sequence + 1 - state.first), state.records.count)
      if count > 0 {
        state.records.removeFirst(count)
        state.first += Int64(count)
      }
      state.addMissing(overflow)
    }
  }
}
