import Dispatch

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One durable subscription: reads the signal log from its cursor on and hands over what it finds, one entry after
/// the other, on a queue of its own.
///
/// Threading: any thread. One run at a time; what wakes it meanwhile makes it look once more.
final class DurableLane: Sendable {
  /// What a lane needs to know of its subscription.
  struct Subscription: Sendable {
    let cursor: String
    /// Of this process and this subscription alone.
    let holder: String
    let attempts: Int
    let backoff: Duration
    /// Decodes an entry and hands it over; nothing happens with one that is none of the subscription's.
    let receive: @Sendable (LogEntry) throws -> Void
    /// An entry was given up on.
    let buried: @Sendable () -> Void
  }

  /// Entries that are read at a time.
  private static let batch = 100
  /// The longest that a retry waits.
  private static let longestBackoff: Duration = .seconds(3600)

  private let subscription: Subscription
  private let source: DurableSource
  private let queue: DispatchQueue
  private let rounds = Rounds()
  private let state = Locked(State())

  private struct State: Sendable {
    var retry: Retry?
    /// When the claim was last made (monotonic), and where the cursor stood after the last step.
    var claimedAt: UInt64?
    var position: Int64 = 0
  }

  /// An entry that failed and is to be tried again.
  private struct Retry: Sendable {
    let position: Int64
    var attempts: Int
    var dueAt: UInt64
  }

  init(_ subscription: Subscription, _ source: DurableSource) {
    self.subscription = subscription
    self.source = source
    queue = DispatchQueue(label: "cardea.durable.\(subscription.cursor)")
  }

  /// Claims the subscription if it was never seen, so that it begins here, and looks whether there is something to do.
  func begin() async {
    // What the store refuses now is tried again when something wakes the lane.
    do throws(StoreError) {
      if try await record(in: source.store) == nil { _ = try await hold(source.store) }
    } catch { forgetClaim() }
    wake()
  }

  /// Looks whether there is something to do.
  func wake() {
    rounds.wake { [self] in
      // What the store refuses or can't do now is tried again when something wakes the lane.
      do throws(StoreError) { try await deliver(from: source.store) } catch { forgetClaim() }
    }
  }

  /// Wakes it, and returns once it has nothing to do or waits for a retry.
  func drain() async {
    wake()
    await rounds.idle()
  }

  /// Entries between the cursor and the log's end, as far as this process knows both.
  var waiting: Int {
    let position = state.withLock { $0.claimedAt == nil ? nil : $0.position }
    guard let position, let end = source.end else { return 0 }
    return Int(clamping: max(0, end - position))
  }

  /// Whether an entry failed and is to be tried again.
  var isFailing: Bool { state.withLock { $0.retry != nil } }

  func close() { rounds.close() }

  func release() async {
    guard state.withLock({ $0.claimedAt != nil }) else { return }
    close()
    _ = try? await source.store.claim(claim(for: .zero))
  }

  private func forgetClaim() { state.withLock { $0.claimedAt = nil } }

  // MARK: One round

  private func deliver(from store: any DurableKeyStore) async throws(StoreError) {
    guard try await hasWork(store), try await hold(store) else { return }
    // However long a listener or the store takes, nobody else gets the claim while this process lives.
    let keeping = Task { await keepClaim(store) }
    defer { keeping.cancel() }
    try await replay(store)
    while !rounds.isClosed {
      let position = state.withLock { $0.position }
      let entries = try await store.log(after: position, limit: DurableLane.batch)
      if entries.isEmpty { return }
      guard try await deliver(entries, store) else { return }
    }
  }

  /// Makes the claim anew, until it is lost or the task is cancelled.
  private func keepClaim(_ store: any DurableKeyStore) async {
    while true {
      do { try await Task.sleep(for: source.claim / 4) } catch { return }
      guard !rounds.isClosed, let age = claimAge, age * 2 >= source.claim.nanoseconds else {
        continue
      }
      let began = source.clock.monotonic()
      guard (try? await store.claim(claim(for: source.claim))) != nil else { continue }
      state.withLock { state in if state.claimedAt != nil { state.claimedAt = began } }
    }
  }

  private func claim(for duration: Duration) -> SubscriptionClaim {
    let now = source.store.claimTime(source.clock)
    return SubscriptionClaim(
      name: subscription.cursor, holder: subscription.holder, now: now,
      until: now.adding(duration) ?? .latest, start: source.end ?? 0)
  }

  /// How long ago the claim was made, in nanoseconds; `nil` without one.
  private var claimAge: UInt64? {
    let claimedAt = state.withLock { $0.claimedAt }
    return claimedAt.map { source.clock.monotonic() &- $0 }
  }

  /// Whether there is anything past the cursor, or to be delivered once more, or the subscription is new. Only reads.
  private func hasWork(_ store: any DurableKeyStore) async throws(StoreError) -> Bool {
    guard let record = try await record(in: store) else { return true }
    if try await store.logHead().position > record.position { return true }
    return record.deadLetters > 0 ? try await !replays(store).isEmpty : false
  }

  /// The subscription as the store has it; `nil` if it was never seen.
  private func record(
    in store: any DurableKeyStore
  ) async throws(StoreError) -> SubscriptionRecord? {
    try await store.subscriptions().first {
      $0.name.utf8.elementsEqual(subscription.cursor.utf8)
    }
  }

  private func replays(_ store: any DurableKeyStore) async throws(StoreError) -> [DeadLetter] {
    var query = DeadLetterQuery(subscription: subscription.cursor)
    query.onlyReplayed = true
    return try await store.deadLetters(query)
  }

  /// Whether this lane holds the subscription. The claim is made anew once half of it has passed.
  private func hold(_ store: any DurableKeyStore) async throws(StoreError) -> Bool {
    if let age = claimAge, age * 2 < source.claim.nanoseconds { return true }
    let began = source.clock.monotonic()
    let position = try await store.claim(claim(for: source.claim))
    state.withLock { state in
      state.claimedAt = position == nil ? nil : began
      if let position { state.position = position }
    }
    return position != nil
  }

  /// Hands over a batch; whether all of it is done.
  private func deliver(
    _ entries: [LogEntry], _ store: any DurableKeyStore
  ) async throws(StoreError) -> Bool {
    var from = state.withLock { $0.position }
    var to = from
    func save(_ letter: DeadLetter? = nil) async throws(StoreError) {
      if from == to { return }
      try await store.advance(step(from: from, to: to, buried: letter))
      from = to
      state.withLock { [to] in $0.position = to }
    }
    for entry in entries {
      if rounds.isClosed { break }
      if let retry = state.withLock({ $0.retry }), retry.position == entry.position,
        source.clock.monotonic() < retry.dueAt
      {
        try await save()
        return false
      }
      // The store may have taken its time, or this process stood still: another may be at it.
      if claimAge.map({ $0 * 2 >= source.claim.nanoseconds }) ?? true {
        try await save()
        guard try await hold(store), state.withLock({ $0.position }) == to else { return false }
      }
      guard let error = await receive(entry) else {
        to = entry.position
        state.withLock { $0.retry = nil }
        continue
      }
      let attempts = noteFailure(of: entry)
      guard attempts >= subscription.attempts else {
        try await save()
        return false
      }
      // First what was delivered, so that the step below is about this entry alone.
      try await save()
      to = entry.position
      try await save(letter(entry, attempts: attempts, error))
      state.withLock { $0.retry = nil }
      subscription.buried()
    }
    try await save()
    return true
  }

  /// How often the entry has been tried now.
  private func noteFailure(of entry: LogEntry) -> Int {
    let now = source.clock.monotonic()
    return state.withLock { state in
      var retry = state.retry ?? Retry(position: entry.position, attempts: 0, dueAt: 0)
      if retry.position != entry.position {
        retry = Retry(position: entry.position, attempts: 0, dueAt: 0)
      }
      retry.attempts += 1
      let factor = 1 << min(retry.attempts - 1, 20)
      let wait = min(subscription.backoff * factor, DurableLane.longestBackoff)
      retry.dueAt = now &+ wait.nanoseconds
      state.retry = retry
      return retry.attempts
    }
  }

  /// Delivers once more what was asked for. What fails again stays a dead letter.
  private func replay(_ store: any DurableKeyStore) async throws(StoreError) {
    for letter in try await replays(store) where !rounds.isClosed {
      let found = try await store.log(after: letter.position - 1, limit: 1).first
      let position = state.withLock { $0.position }
      guard try await hold(store) else { return }
      // What was pruned from the log can't be delivered any more, and is nobody's business.
      guard let entry = found, entry.position == letter.position,
        let error = await receive(entry)
      else {
        try await store.advance(step(from: position, to: position, settled: letter.position))
        continue
      }
      let again = self.letter(entry, attempts: letter.attempts + 1, error)
      try await store.advance(step(from: position, to: position, buried: again))
      subscription.buried()
    }
  }

  private func step(
    from: Int64, to: Int64, buried: DeadLetter? = nil, settled: Int64? = nil
  ) -> SubscriptionStep {
    SubscriptionStep(
      name: subscription.cursor, holder: subscription.holder, from: from, to: to, buried: buried,
      settled: settled)
  }

  private func letter(_ entry: LogEntry, attempts: Int, _ error: any Error) -> DeadLetter {
    let reason = (error as? DeliveryFailure)?.reason ?? "\(type(of: error))"
    return DeadLetter(
      subscription: subscription.cursor, position: entry.position, signal: entry.signal,
      keyID: entry.keyID, prefix: entry.prefix, failedAt: source.clock.now(), attempts: attempts,
      reason: String(reason.prefix(200)))
  }

  /// Calls the listener on its queue; its error, if it threw.
  private func receive(_ entry: LogEntry) async -> (any Error)? {
    await withCheckedContinuation { continuation in
      queue.async { [subscription] in
        do {
          try subscription.receive(entry)
          continuation.resume(returning: nil)
        } catch {
          continuation.resume(returning: error)
        }
      }
    }
  }
}
