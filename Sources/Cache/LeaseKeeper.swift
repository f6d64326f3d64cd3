import Dispatch
import Synchronization

/// Keeps the process's right to trust its cache: the revocation lease.
///
/// Every quarter of the lease it reads the positions of the signal log that it has not seen, marks what
/// they changed as stale, and extends the lease to one lease after the instant *before* the read began. Changes
/// that this process made itself were marked before they were acknowledged; they are marked again all the same, since
/// after a failover that lost them their positions may be others' changes. If the store can't be read the lease runs
/// out by itself.
///
/// A store of many nodes wakes it early, and learns by the poll after the next what is applied here.
///
/// Threading: one serial queue polls; ``end`` may be read from any thread.
@usableFromInline
package final class LeaseKeeper: Sendable {
  private let store: any SharedKeyStore
  private let stamps: ChangeStamps
  private let formats: AcceptedFormats
  private let watch: LogWatch
  /// The store, if it names its nodes.
  private let nodes: (any ManyNodeStore)?
  /// Whether this process is one of those. One that only manages keys isn't: it goes by what it reads.
  private let isNode: Bool
  private let clock: HighWaterClock
  private let lease: UInt64
  private let queue = DispatchQueue(label: "cardea.lease", qos: .userInitiated)
  @usableFromInline let validUntil = Atomic<UInt64>(0)
  private let left = Atomic<Bool>(false)
  private let state: Locked<State>

  /// Entries that one poll asks for.
  private static let batch = 10_000

  /// How long after its lease a node may go by what it reads. Receipts wait for whoever was heard of within an hour
  /// (``ManyNodeStore/nodes()``); by half of it nothing that it has read lets anybody in, whatever the clocks' rates.
  private static let longestSilence = Duration.seconds(1_800).nanoseconds

  /// Signals after which whatever was read before is still true: of what was created there is no earlier reading, and
  /// a new hash is of the same secret.
  private static let leavesReadingsTrue: Set<String> = [
    KeyCreated.name, OwnerCreated.name, HashUpgraded.name,
  ]

  private struct State {
    var applied: Int64
    /// Positions of this process's own changes that the poll has not passed yet: it is not behind by these.
    var own: Set<Int64> = []
    var timer: RepeatingTimer?
    var isStarted = false
    /// Whether an early poll is to come.
    var isAwake = false
    /// When one was made last. Long ago, which 0 is not: Dispatch takes it for now.
    var lastEarly = DispatchTime(uptimeNanoseconds: 1)
  }

  package init(
    store: any SharedKeyStore, from position: Int64, stamps: ChangeStamps,
    formats: AcceptedFormats, watch: LogWatch, lease: Duration, clock: HighWaterClock, isNode: Bool
  ) {
    self.store = store
    nodes = store as? any ManyNodeStore
    self.isNode = isNode && nodes != nil
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
  @inlinable
  @inline(__always)
  package var end: UInt64 { validUntil.load(ordering: .sequentiallyConsistent) }

  package var isValid: Bool { clock.monotonic() < end }

  /// Whether what this process reads counts without a poll, too. For a node it does not where no receipt waits for it:
  /// it has left, it was never heard of, or so long ago that the store names it no more, as when its polls alone fail or
  /// its machine was suspended. Polls that are answered put it back among the nodes before they end this.
  /// - Parameter end: the lease's, held from before the stamp was looked at, as ``end`` says.
  package func admitsReadings(at now: UInt64, leaseEnd end: UInt64) -> Bool {
    if left.load(ordering: .sequentiallyConsistent) { return false }
    return !isNode || end > 0 && now < end &+ LeaseKeeper.longestSilence
  }

  /// A change of this process's own, already marked.
  package func note(own position: Int64) {
    state.withLock { if position > $0.applied { $0.own.insert(position) } }
  }

  /// How many entries up to a position are not applied. This process's own are.
  package func lag(behind head: Int64) -> Int64 {
    state.withLock { state in
      let own = state.own.count { $0 <= head }
      return max(0, head - state.applied - Int64(own))
    }
  }

  /// The position up to which every entry is applied.
  package var applied: Int64 { state.withLock { $0.applied } }

  /// Polls once, then every quarter of the lease.
  package func start() {
    state.withLock { $0.isStarted = true }
    queue.sync { poll() }
    let timer = RepeatingTimer(every: .nanoseconds(Int64(clamping: lease / 4)), on: queue) {
      [weak self] in self?.poll()
    }
    state.withLock { $0.timer = timer }
  }

  /// Ends the lease, too: once this process has left the store's nodes no receipt waits for it.
  package func stop() {
    state.withLock { state in
      state.isStarted = false
      state.timer = nil
    }
    queue.sync {
      left.store(true, ordering: .sequentiallyConsistent)
      validUntil.store(0, ordering: .sequentiallyConsistent)
    }
  }

  /// Polls soon, not only when it is time. Of many calls at once one counts, and such polls keep a distance, so that a
  /// store that is written to all the time is not asked all the time. Called from any thread.
  package func wake() {
    let next = state.withLock { state -> DispatchTime? in
      guard state.isStarted, !state.isAwake else { return nil }
      state.isAwake = true
      return state.lastEarly + .nanoseconds(Int(clamping: lease / 100))
    }
    guard let next else { return }
    queue.asyncAfter(deadline: next) { [weak self] in
      guard let self else { return }
      let isStarted = state.withLock { state in
        state.isAwake = false
        state.lastEarly = .now()
        return state.isStarted
      }
      if isStarted { poll() }
    }
  }

  private func poll() {
    // What came is confirmed by asking for what comes after it. If more came meanwhile, a little later.
    if advance(), nodes != nil, advance() { wake() }
  }

  /// One poll: whether it brought anything.
  /// - Parameter isListed: whether the store has named this process since a poll that was answered before.
  private func advance(isListed: Bool = false) -> Bool {
    let began = clock.monotonic()
    let isListed = isListed || admitsReadings(at: began, leaseEnd: end)
    let position = state.withLock { $0.applied }
    let marks: [LogMark]
    do throws(StoreError) {
      marks = try store.poll(after: position, limit: LeaseKeeper.batch)
    } catch {
      if error == .conflict { beginAnew() }
      return false
    }
    // Before the lease, by which it would be trusted what is over by this time.
    if let storeTime = nodes?.storeTime { clock.note(storeTime: storeTime) }
    for mark in marks {
      if let prefix = mark.prefix { formats.note(prefix: prefix) }
      if !LeaseKeeper.leavesReadingsTrue.contains(mark.signal) {
        // An owner's own signals name no prefix; those of a key leave the owner's other keys alone.
        stamps.changed(
          prefix: mark.prefix, owner: mark.prefix == nil ? mark.ownerID : nil)
      }
      state.withLock { state in
        state.applied = mark.position
        state.own.remove(mark.position)
      }
    }
    if let last = marks.last { watch.noteGrowth(to: last.position) }
    // Behind by more than one batch: the lease waits until everything is applied.
    if marks.count == LeaseKeeper.batch {
      _ = advance(isListed: true)
      return true
    }
    // Who asked whom to wait for before the store named this process may have changed something after this poll looked:
    // the next one shows it.
    if !isListed { return advance(isListed: true) || !marks.isEmpty }
    validUntil.store(began &+ lease, ordering: .sequentiallyConsistent)
    return !marks.isEmpty
  }

  /// The log is not the one that was followed. What comes after its end is polled from now on, so nothing that was
  /// read before may be trusted, in this order.
  private func beginAnew() {
    guard let end = try? nodes?.forgetHistory() else { return }
    stamps.changedEverything()
    state.withLock { state in
      state.applied = end
      state.own = []
    }
    watch.begin(at: end)
  }
}
