import CardeaLifecycle
import CardeaMemoryStore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A store in memory whose every call waits until a schedule lets its lane go on.
///
/// Two operations run as two lanes, told apart by a task-local value that background work inherits. Whenever each lane
/// waits in a call or has ended, the next one of the schedule goes on. So one schedule is one interleaving, always
/// the same.
final class SteppedStore: KeyStore {
  /// The lane that a task works for; `nil` is let through at once.
  @TaskLocal static var lane: Int?

  let base: MemoryStore
  private let state: Locked<State>

  private struct State {
    /// Which lane goes on next, of two that could; past its end, the first.
    let schedule: [Int]
    var position = 0
    /// Choices between two lanes that were made.
    var choices = 0
    var waiting: [[CheckedContinuation<Void, Never>]] = [[], []]
    /// Calls under way, apart from those that wait.
    var isRunning = [true, true]
    var hasEnded = [false, false]
  }

  init(_ base: MemoryStore, schedule: [Int]) {
    self.base = base
    state = Locked(State(schedule: schedule))
  }

  var id: String { base.id }

  /// How many choices the schedule had to make.
  var choices: Int { state.withLock { $0.choices } }

  /// Runs two operations to their ends, in the interleaving of the schedule.
  func run(
    _ first: @escaping @Sendable () async -> Void, _ second: @escaping @Sendable () async -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for (lane, operation) in [first, second].enumerated() {
        group.addTask {
          await SteppedStore.$lane.withValue(lane) { await operation() }
          self.end(lane)
        }
      }
    }
  }

  private func end(_ lane: Int) {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.hasEnded[lane] = true
      state.isRunning[lane] = false
      return SteppedStore.next(&state)
    }
    next?.resume()
  }

  /// A lane whose change is committed asks the store for nothing more, and its answer may have to wait for the commits of
  /// the other.
  private func settle() {
    guard let lane = SteppedStore.lane else { return }
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.isRunning[lane] = false
      return SteppedStore.next(&state)
    }
    next?.resume()
  }

  private func step() async {
    guard let lane = SteppedStore.lane else { return }
    await withCheckedContinuation { continuation in
      let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
        state.waiting[lane].append(continuation)
        state.isRunning[lane] = false
        return SteppedStore.next(&state)
      }
      next?.resume()
    }
  }

  /// Who goes on, once nobody runs.
  private static func next(_ state: inout State) -> CheckedContinuation<Void, Never>? {
    guard !state.isRunning[0], !state.isRunning[1] else { return nil }
    let able = [0, 1].filter { !state.waiting[$0].isEmpty }
    guard var lane = able.first else { return nil }
    if able.count == 2 {
      if state.position < state.schedule.count { lane = state.schedule[state.position] }
      state.position += 1
      state.choices += 1
    }
    state.isRunning[lane] = !state.hasEnded[lane]
    return state.waiting[lane].removeFirst()
  }

  func open() async throws(StoreError) { base.open() }
  func close() async { base.close() }
  func find(prefix: String) async throws(StoreError) -> StoredKey? {
    await step()
    return base.find(prefix: prefix)
  }
  func find(id: UUID) async throws(StoreError) -> StoredKey? {
    await step()
    return base.find(id: id)
  }
  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    await step()
    let position = try base.commit(change)
    settle()
    return position
  }
  func record(_ usage: [KeyUsage]) async throws(StoreError) {
    await step()
    base.record(usage)
  }
  func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> { base.keys(query) }
  func owner(id: UUID) async throws(StoreError) -> OwnerRecord? { base.owner(id: id) }
  func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    base.owner(kind: kind, name: name)
  }
  func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    base.owners(query)
  }
  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord? {
    base.idempotency(actor: actor, key: key)
  }
  func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse] { [] }
  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    base.log(after: position, limit: limit)
  }
  func logHead() async throws(StoreError) -> LogHead { base.logHead() }
}
