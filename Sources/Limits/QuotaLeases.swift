import Dispatch
import Synchronization

/// A node's leases of what limits let through: it draws for all of them together, in the background.
///
/// No request waits for the store. What a request needs and nobody can tell yet is denied; where the store does not
/// answer, as an error.
///
/// Threading: any thread. One draw is under way at a time.
package final class QuotaLeases: Sendable {
  let clock: any KernelClock
  private let store: any QuotaStore
  private let isAutomatic: Bool
  private let state = Locked(State())
  /// When the draw that is under way began (monotonic); 0 if none is.
  private let drawingSince = Atomic<UInt64>(0)
  private let isFailing = Atomic<Bool>(false)
  /// What the store's clock is ahead of this one's monotonic clock, in milliseconds; `.min`: not known yet.
  private let ahead = Atomic<Int64>(.min)

  /// The store does not answer, and only it knows whether a limit has been reached.
  package struct Silence: Error {}

  /// How long what can wait is gathered for one draw: nanoseconds.
  static let pace: Int64 = 50_000_000
  /// The least from the beginning of one draw to that of the next: nanoseconds.
  private static let gap: Int64 = 20_000_000
  /// The same after one that failed.
  private static let gapAfterFailure: Int64 = 250_000_000
  /// A draw that takes longer is as good as failed: nanoseconds.
  private static let patience: UInt64 = 1_000_000_000
  /// Buckets of one draw.
  private static let most = 1_000

  private struct State: Sendable {
    var limits: [LeasedLimit] = []
    var waiting: [LeasedLimit.Bucket] = []
    /// How soon a draw is to begin for which a timer is set.
    var timer = QuotaLease.Need.none
    /// How soon the next one is to follow the one that is under way.
    var next = QuotaLease.Need.none
    var drawing: Task<Void, Never>?
    /// When the last draw began, on Dispatch's clock.
    var began: UInt64 = 0
    var isStopped = false
  }

  /// - Parameter isAutomatic: whether it draws by itself; tests say when.
  package init(store: any QuotaStore, clock: any KernelClock, isAutomatic: Bool = true) {
    self.store = store
    self.clock = clock
    self.isAutomatic = isAutomatic
  }

  /// Leases of another limit.
  /// - Parameters:
  ///   - name: unique among all; the same on all nodes.
  ///   - entries: subjects that are remembered at most, rounded up to a multiple of 64.
  package func limit(_ name: String, entries: Int) -> LeasedLimit {
    let limit = LeasedLimit(name, entries: entries, of: self)
    state.withLock { $0.limits.append(limit) }
    return limit
  }

  /// The store's time as far as it is known; else this node's.
  package var time: Timestamp {
    let ahead = ahead.load(ordering: .relaxed)
    return ahead == .min ? clock.now() : Timestamp(milliseconds: milliseconds &+ ahead)
  }

  private var milliseconds: Int64 { Int64(clamping: clock.monotonic() / 1_000_000) }

  /// Whether the store failed to answer the last draw, or has not for a second.
  func isSilent(at now: UInt64) -> Bool {
    let since = drawingSince.load(ordering: .relaxed)
    return isFailing.load(ordering: .relaxed)
      || (since != 0 && now > since && now - since > QuotaLeases.patience)
  }

  // MARK: When to draw

  func queue(_ bucket: LeasedLimit.Bucket) { state.withLock { $0.waiting.append(bucket) } }

  /// Something waits for a draw.
  func wake(_ need: QuotaLease.Need) {
    guard isAutomatic else { return }
    let delay = state.withLock { state -> Int64? in
      if state.isStopped { return nil }
      if state.drawing != nil {
        state.next = max(state.next, need)
        return nil
      }
      guard need > state.timer else { return nil }
      state.timer = need
      let passed = Int64(clamping: DispatchTime.now().uptimeNanoseconds &- state.began)
      let gap =
        isFailing.load(ordering: .relaxed) ? QuotaLeases.gapAfterFailure : QuotaLeases.gap
      return max(need == .now ? 0 : QuotaLeases.pace, gap - passed)
    }
    guard let delay else { return }
    if delay == 0 { return fire() }
    Patience.after(.nanoseconds(delay)) { self.fire() }
  }

  private func fire() {
    state.withLock { state in
      // Another timer was first.
      guard state.timer != .none, state.drawing == nil, !state.isStopped else { return }
      state.timer = .none
      state.began = DispatchTime.now().uptimeNanoseconds
      state.drawing = Task { await self.run() }
    }
  }

  private func run() async {
    await draw()
    let next = state.withLock { state -> QuotaLease.Need in
      state.drawing = nil
      defer { state.next = .none }
      return state.waiting.isEmpty ? .none : max(state.next, .soon)
    }
    if next != .none { wake(next) }
  }

  /// Has given back what nobody asks for, and forgets what is over. To be called every second or so.
  package func sweep() {
    if sweep(isLast: false) { wake(.soon) }
  }

  private func sweep(isLast: Bool) -> Bool {
    let (now, time) = (clock.monotonic(), time)
    return state.withLock { $0.limits }.reduce(false) {
      $1.sweep(at: now, time, isLast: isLast) || $0
    }
  }

  /// Tells what is owed, gives back what is held, and draws no more by itself.
  package func stop() async {
    let drawing = state.withLock { state in
      state.isStopped = true
      return state.drawing
    }
    await drawing?.value
    _ = sweep(isLast: true)
    while await draw(isLast: true), !isFailing.load(ordering: .relaxed) {}
  }

  // MARK: Drawing

  /// A draw that is under way.
  package struct Round: Sendable {
    fileprivate let buckets: [LeasedLimit.Bucket]
    package let draws: [QuotaDraw]
  }

  /// Draws for those that wait, at most a thousand.
  /// - Returns: whether there was anything to draw.
  @discardableResult
  package func draw(isLast: Bool = false) async -> Bool {
    guard let round = begin(isLast: isLast) else { return false }
    noteBegin()
    let answer = try? await store.draw(round.draws)
    drawingSince.store(0, ordering: .relaxed)
    end(round, answer)
    return true
  }

  /// A draw begins to wait for the store.
  func noteBegin() { drawingSince.store(max(1, clock.monotonic()), ordering: .relaxed) }

  /// What the next draw consists of; `nil` if nothing waits.
  package func begin(isLast: Bool = false) -> Round? {
    let now = clock.monotonic()
    var (buckets, draws): ([LeasedLimit.Bucket], [QuotaDraw]) = ([], [])
    while draws.isEmpty {
      let waiting = state.withLock { state in
        let first = state.waiting.prefix(QuotaLeases.most)
        state.waiting.removeFirst(first.count)
        return Array(first)
      }
      if waiting.isEmpty { return nil }
      for bucket in waiting {
        guard let draw = bucket.limit.begin(bucket.subject, at: now, isLast: isLast) else {
          continue
        }
        buckets.append(bucket)
        draws.append(draw)
      }
    }
    return Round(buckets: buckets, draws: draws)
  }

  /// How it went.
  /// - Parameter answer: `nil` if it failed, or if nobody knows whether it was done.
  package func end(_ round: Round, _ answer: QuotaAnswer?) {
    let now = clock.monotonic()
    let grants = answer?.grants.count == round.draws.count ? answer?.grants : nil
    if let answer, grants != nil {
      ahead.store(answer.now.milliseconds &- milliseconds, ordering: .relaxed)
    }
    isFailing.store(grants == nil, ordering: .relaxed)
    for (index, bucket) in round.buckets.enumerated() {
      bucket.limit.end(bucket.subject, grants?[index], at: now)
    }
  }
}
