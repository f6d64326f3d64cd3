import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Deliveries to one endpoint, one at a time: what is to be tried again, then what follows in the signal log.
///
/// The cursor is that of a durable subscription, so one process at a time delivers, and a new one goes on where the
/// last one was. A signal that fails is set aside and those after it have their turn, so that one which the
/// endpoint never takes holds nothing up; an endpoint that fails time and again is left alone for a while.
///
/// Threading: any thread. One run at a time; what wakes it meanwhile makes it look once more.
final class WebhookLane: Sendable {
  /// Entries that are read at a time.
  private static let batch = 100

  private let store: any PluginRecordStore
  private let clock: any KernelClock
  private let means: WebhookMeans
  private let options: WebhookOptions
  private let holder: String
  /// For how long the subscription is held at a time: longer than a delivery takes.
  private let claim: Duration
  private let state: Locked<State>

  private struct State: Sendable {
    var endpoint: WebhookEndpoint
    var isRunning = false
    var isWoken = false
    var isClosed = false
    var waiters: [CheckedContinuation<Void, Never>] = []
    /// When the subscription was claimed last (monotonic); `nil` while another may hold it.
    var claimedAt: UInt64?
  }

  /// What a run knows while it holds the subscription.
  private struct Hand {
    var delivery: WebhookState
    /// Of the record in the store; 0 if there is none yet.
    var revision: Int64
    /// The delivery's state as the store has it.
    var saved: WebhookState
    /// Where the cursor stands in the store, and how far everything is done.
    var position: Int64
    var done: Int64
  }

  init(
    _ endpoint: WebhookEndpoint, store: any PluginRecordStore, clock: any KernelClock,
    means: WebhookMeans, options: WebhookOptions
  ) {
    self.store = store
    self.clock = clock
    self.means = means
    self.options = options
    holder = UUID().text
    claim = options.timeout + .seconds(10)
    state = Locked(State(endpoint: endpoint))
  }

  /// Takes note of the endpoint as it is now, and looks whether there is something to do.
  /// - Parameter hasWork: whether there may be.
  func wake(_ endpoint: WebhookEndpoint, hasWork: Bool) {
    let starts = state.withLock { state -> Bool in
      state.endpoint = endpoint
      if !hasWork { return false }
      state.isWoken = true
      if state.isRunning || state.isClosed { return false }
      state.isRunning = true
      return true
    }
    if starts { Task { await run() } }
  }

  /// Returns once it has nothing to do or waits for a retry.
  func idle() async {
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state -> Bool in
        if state.isRunning { state.waiters.append(continuation) }
        return !state.isRunning
      }
      if isIdle { continuation.resume() }
    }
  }

  /// Nothing more is sent after what is under way.
  func close() { state.withLock { $0.isClosed = true } }

  /// Gives the subscription back, so that another process can go on at once.
  func release() async {
    guard state.withLock({ $0.claimedAt != nil }) else { return }
    let (now, endpoint) = (clock.now(), endpoint)
    _ = try? await store.claim(
      SubscriptionClaim(
        name: endpoint.subscription, holder: holder, now: now, until: now, start: endpoint.start))
  }

  private var endpoint: WebhookEndpoint { state.withLock { $0.endpoint } }
  private var isOpen: Bool { state.withLock { !$0.isClosed && $0.endpoint.isEnabled } }

  private func run() async {
    while state.withLock({ state in
      defer { state.isWoken = false }
      return state.isWoken && !state.isClosed
    }) {
      // What the store refuses or can't do now is tried again when something wakes the lane.
      do throws(StoreError) { try await round() } catch {
        state.withLock { $0.claimedAt = nil }
      }
    }
    let (waiters, isWoken) = state.withLock { state -> ([CheckedContinuation<Void, Never>], Bool) in
      if state.isWoken, !state.isClosed { return ([], true) }
      state.isRunning = false
      defer { state.waiters = [] }
      return (state.waiters, false)
    }
    if isWoken { return await run() }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: One round

  private func round() async throws(StoreError) {
    guard isOpen, var hand = try await take() else { return }
    try await replay(&hand)
    while isOpen, hand.delivery.maySend(at: clock.now()) {
      if let retry = hand.delivery.due(at: clock.now()) {
        try await again(retry, &hand)
      } else if hand.delivery.retries.count < WebhookState.mostRetries {
        guard try await goOn(&hand) else { break }
      } else {
        break
      }
    }
    try await save(&hand)
  }

  /// Claims the subscription and reads how things stand; `nil` while another holds it.
  private func take() async throws(StoreError) -> Hand? {
    guard let position = try await hold() else { return nil }
    let id = endpoint.id
    let record = try await store.pluginRecords(WebhookState.collection).first { $0.id == id }
    let delivery = try record.map { (record) throws(StoreError) in try WebhookState(record) }
    return Hand(
      delivery: delivery ?? WebhookState(), revision: record?.revision ?? 0,
      saved: delivery ?? WebhookState(), position: position, done: position)
  }

  private func hold() async throws(StoreError) -> Int64? {
    let (began, now, endpoint) = (clock.monotonic(), clock.now(), endpoint)
    let position = try await store.claim(
      SubscriptionClaim(
        name: endpoint.subscription, holder: holder, now: now,
        until: now.adding(claim) ?? .latest, start: endpoint.start))
    state.withLock { $0.claimedAt = position == nil ? nil : began }
    return position
  }

  /// Before each delivery: the claim must outlast it. `.conflict` if another took the subscription meanwhile.
  private func keepHold() async throws(StoreError) {
    let age = state.withLock { state in state.claimedAt.map { clock.monotonic() &- $0 } }
    if let age, age < 5_000_000_000 { return }
    guard try await hold() != nil else { throw .conflict }
  }

  /// Writes the delivery's state, and then the cursor: what is set aside must be known before it is passed.
  private func save(_ hand: inout Hand) async throws(StoreError) {
    if hand.delivery != hand.saved {
      try await store.put(
        try hand.delivery.record(endpoint.id, revision: hand.revision + 1),
        in: WebhookState.collection)
      hand.revision += 1
      hand.saved = hand.delivery
    }
    guard hand.done != hand.position else { return }
    try await store.advance(step(from: hand.position, to: hand.done))
    hand.position = hand.done
  }

  private func step(
    from: Int64, to: Int64, buried: DeadLetter? = nil, settled: Int64? = nil
  ) -> SubscriptionStep {
    SubscriptionStep(
      name: endpoint.subscription, holder: holder, from: from, to: to, buried: buried,
      settled: settled)
  }

  // MARK: What is sent

  /// Delivers the next entries after the cursor; whether there may be more.
  private func goOn(_ hand: inout Hand) async throws(StoreError) -> Bool {
    let entries = try await store.log(after: hand.done, limit: WebhookLane.batch)
    for entry in entries {
      guard isOpen else { break }
      // One that was set aside before the cursor was written has its own time.
      let isKnown = hand.delivery.retries.contains { $0.position == entry.position }
      if endpoint.takes(entry), !isKnown {
        let since = hand.delivery.start(of: entry, at: clock.now())
        let retry = WebhookState.Retry(
          position: entry.position, attempts: 0, since: since, dueAt: since)
        let outcome = try await deliver(entry, retry, &hand)
        if outcome == .stopped { break }
        try await save(&hand)
        // The circuit may be open now, and others may be due.
        if outcome == .failed { return true }
      }
      hand.done = entry.position
    }
    try await save(&hand)
    return !entries.isEmpty
  }

  /// Tries once more what failed before.
  private func again(_ retry: WebhookState.Retry, _ hand: inout Hand) async throws(StoreError) {
    let found = try await store.log(after: retry.position - 1, limit: 1).first
    // What was erased meanwhile, or is not wanted any more, can't be delivered and is nobody's business.
    guard let entry = found, entry.position == retry.position, endpoint.takes(entry) else {
      hand.delivery.retries.removeAll { $0.position == retry.position }
      return
    }
    _ = try await deliver(entry, retry, &hand)
    try await save(&hand)
  }

  private enum Outcome {
    case delivered, failed
    /// It was cut short, which says nothing about the endpoint.
    case stopped
  }

  /// Sends an entry. If it is not taken, it is set aside to be tried again, or given up on.
  private func deliver(
    _ entry: LogEntry, _ retry: WebhookState.Retry, _ hand: inout Hand
  ) async throws(StoreError) -> Outcome {
    try await keepHold()
    let answer = await send(entry)
    let now = clock.now()
    if answer.isSuccess {
      hand.delivery.noteSuccess(of: entry.position, at: now)
      hand.done = max(hand.done, entry.position)
      means.note(.delivered)
      return .delivered
    }
    guard isOpen else { return .stopped }
    hand.delivery.retries.removeAll { $0.position == entry.position }
    var retry = retry
    retry.attempts += 1
    if let due = WebhookSchedule.next(
      after: retry.attempts, at: now, since: retry.since, limit: options.retryFor,
      jitter: means.jitter())
    {
      retry.dueAt = due
      hand.delivery.retries.append(retry)
      means.note(.failed)
    } else {
      try await bury(entry, attempts: retry.attempts, answer.reason, &hand)
    }
    hand.delivery.noteFailure(failure(entry, answer, now), at: now, limit: options.retryFor)
    hand.done = max(hand.done, entry.position)
    if !hand.delivery.maySend(at: now) { try await buryExpired(&hand) }
    return .failed
  }

  private func send(_ entry: LogEntry) async -> WebhookAnswer {
    let endpoint = endpoint
    guard let message = try? WebhookMessage(entry, to: endpoint, means) else {
      return .failed("the signal can't be written")
    }
    guard let request = message.request(to: endpoint, at: clock.now(), means) else {
      return .failed("it can't be signed")
    }
    return await means.send(request)
  }

  private func failure(
    _ entry: LogEntry, _ answer: WebhookAnswer, _ now: Timestamp
  ) -> WebhookState.Failure {
    WebhookState.Failure(
      at: now, status: answer.status, reason: answer.reason, signal: entry.signal,
      position: entry.position)
  }

  // MARK: What is given up on

  /// Keeps an entry as a dead letter.
  private func bury(
    _ entry: LogEntry, attempts: Int, _ reason: String, _ hand: inout Hand
  ) async throws(StoreError) {
    let letter = DeadLetter(
      subscription: endpoint.subscription, position: entry.position, signal: entry.signal,
      keyID: entry.keyID, prefix: entry.prefix, failedAt: clock.now(), attempts: attempts,
      reason: reason)
    try await store.advance(step(from: hand.position, to: hand.position, buried: letter))
    means.note(.buried)
  }

  /// An endpoint that is left alone gets one delivery per pause: what has waited too long by then is given up on
  /// untried, so that an endpoint that is gone for good piles nothing up.
  private func buryExpired(_ hand: inout Hand) async throws(StoreError) {
    let now = clock.now()
    func isOver(_ since: Timestamp) -> Bool {
      since.adding(options.retryFor).map { $0 <= now } ?? false
    }
    let reason = hand.delivery.lastFailure?.reason ?? ""
    for retry in hand.delivery.retries where isOver(retry.since) {
      let entry = try await store.log(after: retry.position - 1, limit: 1).first
      if let entry, entry.position == retry.position, entry.payload != nil {
        try await bury(entry, attempts: retry.attempts, reason, &hand)
      }
      hand.delivery.retries.removeAll { $0.position == retry.position }
    }
    guard let failingSince = hand.delivery.failingSince, isOver(failingSince) else { return }
    while true {
      let entries = try await store.log(after: hand.done, limit: WebhookLane.batch)
      for entry in entries {
        if endpoint.takes(entry) {
          guard isOver(max(failingSince, entry.at)) else { return try await save(&hand) }
          let isKnown = hand.delivery.retries.contains { $0.position == entry.position }
          if !isKnown { try await bury(entry, attempts: 0, reason, &hand) }
        }
        hand.done = entry.position
      }
      try await save(&hand)
      if entries.isEmpty { return }
    }
  }

  /// Delivers once more what was asked for. What fails again stays a dead letter.
  private func replay(_ hand: inout Hand) async throws(StoreError) {
    var query = DeadLetterQuery(subscription: endpoint.subscription)
    query.onlyReplayed = true
    for letter in try await store.deadLetters(query)
    where isOpen && hand.delivery.maySend(at: clock.now()) {
      let found = try await store.log(after: letter.position - 1, limit: 1).first
      let position = hand.position
      guard let entry = found, entry.position == letter.position, entry.payload != nil else {
        try await store.advance(step(from: position, to: position, settled: letter.position))
        continue
      }
      try await keepHold()
      let answer = await send(entry)
      let now = clock.now()
      if answer.isSuccess {
        try await store.advance(step(from: position, to: position, settled: letter.position))
        hand.delivery.noteSuccess(of: entry.position, at: now)
        means.note(.delivered)
      } else {
        guard isOpen else { return }
        hand.delivery.noteFailure(failure(entry, answer, now), at: now, limit: options.retryFor)
        try await bury(entry, attempts: letter.attempts + 1, answer.reason, &hand)
      }
    }
  }
}
