import Dispatch
import Synchronization

/// Keeps the process's right to trust its cache: the revocation lease.
///
/// Every quarter of the lease it reads the positions of the signal log that it has not seen, marks what
/// they changed as stale, and extends the lease to one lease after the instant *before* the read began. Changes
/// that this process made itself were marked before they were acknowledged and are passed over. If the store
/// can't be read the lease runs out by itself.
///
/// Threading: one serial queue polls; ``end`` may be read from any thread.
final class LeaseKeeper: Sendable {
  private let store: any SharedKeyStore
  private let stamps: ChangeStamps
  private let formats: AcceptedFormats
  private let watch: LogWatch
  private let clock: any KernelClock
  private let lease: UInt64
  private let queue = DispatchQueue(label: "cardea.lease", qos: .userInitiated)
  private let validUntil = Atomic<UInt64>(0)
  private let state: Locked<State>

  /// Entries that one poll asks for.
  private static let batch = 10_000

  /// Signals after which whatever was read before is still true: of what was created there is no earlier reading, and
  /// a new hash is of the same secret.
  private static let leavesReadingsTrue: Set<String> = [
    KeyCreated.name, OwnerCreated.name, HashUpgraded.name,
  ]

  private struct State {
    var applied: Int64
    /// Positions of this process's own changes that the poll has not passed yet.
    var own: Set<Int64> = []
    var timer: RepeatingTimer?
  }

  init(
    store: any SharedKeyStore, from position: Int64, stamps: ChangeStamps,
    formats: AcceptedFormats, watch: LogWatch, lease: Duration, clock: any KernelClock
  ) {
    self.store = store
    self.stamps = stamps
    self.formats = formats
    self.watch = watch
    self.clock = clock
    self.lease = lease.nanoseconds
    state = Locked(State(applied: position))
  }

  /// The monotonic time before which the cache may be trusted, by the last poll that was answered.
  ///
  /// Take it *before* looking at a stamp, and compare it with the clock after: everything that the poll found is
  /// marked by then, so the lease says something of that look. One that is taken later may be of a poll which
  /// has found just what the look missed.
  @inline(__always)
  var end: UInt64 { validUntil.load(ordering: .sequentiallyConsistent) }

  var isValid: Bool { clock.monotonic() < end }

  /// A change of this process's own, already marked.
  func note(own position: Int64) {
    state.withLock { if position > $0.applied { $0.own.insert(position) } }
  }

  /// Polls once, then every quarter of the lease.
  func start() {
    queue.sync { poll() }
    let timer = RepeatingTimer(every: .nanoseconds(Int64(clamping: lease / 4)), on: queue) {
      [weak self] in self?.poll()
    }
    state.withLock { $0.timer = timer }
  }

  func stop() {
    state.withLock { $0.timer = nil }
    queue.sync {}
  }

  private func poll() {
    let began = clock.monotonic()
    let position = state.withLock { $0.applied }
    guard let marks = try? store.poll(after: position, limit: LeaseKeeper.batch) else { return }
    for mark in marks {
      if let prefix = mark.prefix { formats.note(prefix: prefix) }
      let own = state.withLock { state -> Bool in
        state.applied = mark.position
        return state.own.remove(mark.position) != nil
      }
      if own || LeaseKeeper.leavesReadingsTrue.contains(mark.signal) { continue }
      // An owner's own signals name no prefix; those of a key leave the owner's other keys alone.
      stamps.changed(
        prefix: mark.prefix, owner: mark.prefix == nil ? mark.ownerID : nil)
    }
    if !marks.isEmpty { watch.noteGrowth() }
    // Behind by more than one batch: the lease waits until everything is applied.
    if marks.count == LeaseKeeper.batch { return poll() }
    validUntil.store(began &+ lease, ordering: .sequentiallyConsistent)
  }
}
