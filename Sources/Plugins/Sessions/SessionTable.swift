import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Sessions that this process has to remember until a moment each: the open ones, or those that ended early.
///
/// Bounded; and no key takes more than a quarter, so that a client that makes a session per request does not use
/// up everybody's. What is past its moment makes room once room is needed.
///
/// Threading: any thread.
final class SessionTable<Value: Sendable>: Sendable {
  private let capacity: Int
  private let state = Locked(State())

  private struct Entry {
    let keyID: UUID
    var until: Timestamp
    var value: Value
  }

  private struct State {
    var entries: [UUID: Entry] = [:]
    var countByKey: [UUID: Int] = [:]
    /// When to look again for what is past its moment: a full table is not gone through for every newcomer.
    var looksAgainAt = Timestamp.earliest
  }

  init(capacity: Int) { self.capacity = capacity }

  /// `false` if there is no room.
  func insert(
    _ session: SessionFacts, until: Timestamp, _ value: Value, at now: Timestamp
  ) -> Bool {
    state.withLock { state in
      if state.entries[session.id] != nil { return true }
      let share = max(1, capacity / 4)
      func hasRoom() -> Bool {
        state.entries.count < capacity && state.countByKey[session.keyID, default: 0] < share
      }
      if !hasRoom(), now >= state.looksAgainAt {
        for (id, entry) in state.entries where entry.until <= now {
          SessionTable.remove(id, &state)
        }
        state.looksAgainAt = now.adding(.seconds(1)) ?? now
      }
      guard hasRoom() else { return false }
      state.entries[session.id] = Entry(keyID: session.keyID, until: until, value: value)
      state.countByKey[session.keyID, default: 0] += 1
      return true
    }
  }

  func contains(_ id: UUID) -> Bool { state.withLock { $0.entries[id] != nil } }

  /// The value, and the moment until which it is held.
  func find(_ id: UUID) -> (value: Value, until: Timestamp)? {
    state.withLock { state in state.entries[id].map { ($0.value, $0.until) } }
  }

  /// Moves the moment until which it is held; never back.
  func extend(_ id: UUID, until: Timestamp) {
    state.withLock { state in
      guard let entry = state.entries[id], entry.until < until else { return }
      state.entries[id]?.until = until
    }
  }

  func remove(_ id: UUID) { state.withLock { SessionTable.remove(id, &$0) } }

  private static func remove(_ id: UUID, _ state: inout State) {
    guard let entry = state.entries.removeValue(forKey: id) else { return }
    let left = state.countByKey[entry.keyID, default: 1] - 1
    state.countByKey[entry.keyID] = left > 0 ? left : nil
  }
}
