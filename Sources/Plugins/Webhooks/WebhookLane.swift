import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Deliveries to one endpoint, one at a time: what is to be replayed or tried again, then what follows in the signal
/// log. Each waits for its turn first: only then is the subscription claimed, the signal read and signed, so that
/// none of it gets old where more endpoints hang than there are threads.
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
  private let rounds = Rounds()
  private let state: Locked<State>

  private struct State: Sendable {
    var endpoint: WebhookEndpoint
    /// When the subscription was claimed last (monotonic); `nil` while another may hold it.
    var claimedAt: UInt64?
  }

  /// What a run knows while it holds the subscription, and for a moment between two turns.
  private struct Hand {
    var delivery: WebhookState
    /// Of the record in the store; 0 if there is none yet.
    var revision: Int64
    /// The delivery's state as the store has it.
    var saved: WebhookState
    /// Where the cursor stands in the store, and how far everything is done.
    var position: Int64
    var done: Int64
    var deadLetters: Int
  }

  /// For so long after it was made a claim needs no renewal: what is left of it outlasts a delivery.
  private static let freshClaim: UInt64 = 5_000_000_000

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
    state.withLock { $0.endpoint = endpoint }
    if !hasWork { return }
    rounds.wake { [self] in
      // What the store refuses or can't do now is tried again when something wakes the lane.
      do throws(StoreError) { try await round() } catch {
        state.withLock { $0.claimedAt = nil }
      }
    }
  }

  /// Returns once it has nothing to do or waits for a retry.
  func idle() async { await rounds.idle() }

  /// Nothing more is sent after what is under way.
  func close() { rounds.close() }

  /// Gives the subscription back, so that another process can go on at once.
  func release() async {
    guard state.withLock({ $0.claimedAt != nil }) else { return }
    let (now, endpoint) = (store.claimTime(clock), endpoint)
    _ = try? await store.claim(
      SubscriptionClaim(
        name: endpoint.subscription, holder: holder, now: now, until: now, start: endpoint.start))
  }

  private var endpoint: WebhookEndpoint { state.withLock { $0.endpoint } }
  private var isOpen: Bool { !rounds.isClosed && endpoint.isEnabled }

  // MARK: One round

  private func round() async throws(StoreError) {
    var held: Hand?
    while isOpen {
      let turn = await means.turn()
      defer { turn.end() }
      guard isOpen else { return }
      if !isFresh { held = nil }
      if held == nil { held = try await take() }
      // Another has it.
      guard var hand = held else { return }
      try await deliverOne(&hand, turn)
      try await save(&hand)
      guard try await hasMore(hand) else { return }
      held = hand
    }
  }

  /// Delivers one signal, if there is one.
  private func deliverOne(_ hand: inout Hand, _ turn: WebhookTurn) async throws(StoreError) {
    guard hand.delivery.maySend(at: clock.now()) else { return }
    if let letter = try await replayed(hand) {
      try await replay(letter, &hand, turn)
    } else if let retry = hand.delivery.due(at: clock.now()) {
      try await again(retry, &hand, turn)
    } else if hand.delivery.retries.count < WebhookState.mostRetries {
      try await goOn(&hand, turn)
    }
  }

  /// Whether another turn is worth waiting for.
  private func hasMore(_ hand: Hand) async throws(StoreError) -> Bool {
    guard hand.delivery.maySend(at: clock.now()) else { return false }
    if hand.delivery.due(at: clock.now()) != nil { return true }
    if hand.delivery.retries.count < WebhookState.mostRetries,
      try await store.logHead().position > hand.done
    {
      return true
    }
    return try await replayed(hand) != nil
  }

  /// Claims the subscription and reads how things stand; `nil` while another holds it.
  private func take() async throws(StoreError) -> Hand? {
    let (began, now, endpoint) = (clock.monotonic(), store.claimTime(clock), endpoint)
    let claimed = try await store.claim(
      SubscriptionClaim(
        name: endpoint.subscription, holder: holder, now: now,
        until: now.adding(claim) ?? .latest, start: endpoint.start))
    state.withLock { $0.claimedAt = claimed == nil ? nil : began }
    guard let position = claimed else { return nil }
    let record = try await store.pluginRecord(endpoint.id, in: WebhookState.collection)
    let delivery = try record.map { (record) throws(StoreError) in try WebhookState(record) }
    let subscription = try await store.subscriptions().first {
      $0.name.utf8.elementsEqual(endpoint.subscription.utf8)
    }
    return Hand(
      delivery: delivery ?? WebhookState(), revision: record?.revision ?? 0,
      saved: delivery ?? WebhookState(), position: position, done: position,
      deadLetters: subscription?.deadLetters ?? 0)
  }

  private var isFresh: Bool { claimAge.map { $0 < WebhookLane.freshClaim } ?? false }

  private var claimAge: UInt64? {
    state.withLock { state in state.claimedAt.map { clock.monotonic() &- $0 } }
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

  /// Delivers the next entry after the cursor that the endpoint takes, and passes over those before it.
  private func goOn(_ hand: inout Hand, _ turn: WebhookTurn) async throws(StoreError) {
    // Mostly the next one is for it; what is read further ahead than it is sent could be purged meanwhile.
    var limit = 1
    while true {
      let entries = try await store.log(after: hand.done, limit: limit)
      limit = WebhookLane.batch
      for entry in entries {
        guard isOpen else { return }
        // One that was set aside before the cursor was written has its own time.
        let isKnown = hand.delivery.retries.contains { $0.position == entry.position }
        if !isKnown, try await wants(entry, &hand) {
          let since = hand.delivery.start(of: entry, at: clock.now())
          let retry = WebhookState.Retry(
            position: entry.position, attempts: 0, since: since, dueAt: since)
          return try await deliver(entry, retry, &hand, turn)
        }
        hand.done = entry.position
      }
      if entries.isEmpty { return }
      try await save(&hand)
    }
  }

  /// Tries once more what failed before.
  private func again(
    _ retry: WebhookState.Retry, _ hand: inout Hand, _ turn: WebhookTurn
  ) async throws(StoreError) {
    // What was erased meanwhile can't be delivered, and what is not wanted any more is nobody's business.
    guard let entry = try await entry(at: retry.position), try await wants(entry, &hand) else {
      hand.delivery.retries.removeAll { $0.position == retry.position }
      return
    }
    try await deliver(entry, retry, &hand, turn)
  }

  private func entry(at position: Int64) async throws(StoreError) -> LogEntry? {
    let found = try await store.log(after: position - 1, limit: 1).first
    return found?.position == position ? found : nil
  }

  /// Whether an entry is for this endpoint. One that would have been and was pruned is counted.
  private func wants(_ entry: LogEntry, _ hand: inout Hand) async throws(StoreError) -> Bool {
    if endpoint.takes(entry) { return true }
    if entry.payload == nil, endpoint.asksFor(entry) { try await noteErased(entry, &hand) }
    return false
  }

  /// What is gone with its key says nothing to anybody; what was pruned before it was delivered is missed.
  private func noteErased(_ entry: LogEntry, _ hand: inout Hand) async throws(StoreError) {
    if let key = entry.keyID, try await store.find(id: key)?.key.status ?? .purged == .purged {
      return
    }
    hand.delivery.missed += 1
    means.note(.missed)
  }

  /// Sends an entry. If it is not taken, it is set aside to be tried again, or given up on; if it was cut short, which
  /// says nothing about the endpoint, it stays where it was.
  private func deliver(
    _ entry: LogEntry, _ retry: WebhookState.Retry, _ hand: inout Hand, _ turn: WebhookTurn
  ) async throws(StoreError) {
    let answer = try await send(entry, turn)
    let now = clock.now()
    if answer.isSuccess {
      hand.delivery.noteSuccess(of: entry.position, at: now)
      hand.done = max(hand.done, entry.position)
      return means.note(.delivered)
    }
    guard isOpen else { return }
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
  }

  /// Signs an entry and sends it at once.
  /// - Throws: `.conflict` if the claim may end before the delivery does: the store took its time.
  private func send(
    _ entry: LogEntry, _ turn: WebhookTurn
  ) async throws(StoreError) -> WebhookAnswer {
    guard let age = claimAge, age < 2 * WebhookLane.freshClaim else { throw .conflict }
    let endpoint = endpoint
    guard let message = try? WebhookMessage(entry, to: endpoint, means) else {
      return .failed("the signal can't be written")
    }
    guard let request = message.request(to: endpoint, at: clock.now(), means) else {
      return .failed("it can't be signed")
    }
    return await turn.send(request)
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
    let letter = letter(entry, attempts: attempts, reason)
    var step = step(from: hand.position, to: hand.position, buried: letter)
    if hand.deadLetters >= WebhookState.mostDeadLetters {
      let query = DeadLetterQuery(subscription: endpoint.subscription, limit: 1)
      step.settled = try await store.deadLetters(query).first?.position
    }
    try await store.advance(step)
    means.note(.buried)
    if step.settled == nil {
      hand.deadLetters += 1
    } else {
      hand.delivery.deadLettersDropped += 1
      means.note(.dropped)
    }
  }

  private func letter(_ entry: LogEntry, attempts: Int, _ reason: String) -> DeadLetter {
    DeadLetter(
      subscription: endpoint.subscription, position: entry.position, signal: entry.signal,
      keyID: entry.keyID, prefix: entry.prefix, failedAt: clock.now(), attempts: attempts,
      reason: reason)
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
      if let entry = try await entry(at: retry.position), try await wants(entry, &hand) {
        try await bury(entry, attempts: retry.attempts, reason, &hand)
      }
      hand.delivery.retries.removeAll { $0.position == retry.position }
    }
    guard let failingSince = hand.delivery.failingSince, isOver(failingSince) else { return }
    while true {
      let entries = try await store.log(after: hand.done, limit: WebhookLane.batch)
      for entry in entries {
        guard isOver(max(failingSince, entry.at)) else { return try await save(&hand) }
        let isKnown = hand.delivery.retries.contains { $0.position == entry.position }
        if !isKnown, try await wants(entry, &hand) {
          try await bury(entry, attempts: 0, reason, &hand)
        }
        hand.done = entry.position
      }
      try await save(&hand)
      if entries.isEmpty { return }
    }
  }

  /// The first dead letter that is to be delivered once more.
  private func replayed(_ hand: Hand) async throws(StoreError) -> DeadLetter? {
    if hand.deadLetters == 0 { return nil }
    var query = DeadLetterQuery(subscription: endpoint.subscription, limit: 1)
    query.onlyReplayed = true
    return try await store.deadLetters(query).first
  }

  /// Delivers a dead letter once more. What fails again stays one.
  private func replay(
    _ letter: DeadLetter, _ hand: inout Hand, _ turn: WebhookTurn
  ) async throws(StoreError) {
    let position = hand.position
    let found = try await entry(at: letter.position)
    guard let entry = found, entry.payload != nil else {
      if let found { try await noteErased(found, &hand) }
      try await store.advance(step(from: position, to: position, settled: letter.position))
      hand.deadLetters -= 1
      return
    }
    let answer = try await send(entry, turn)
    let now = clock.now()
    if answer.isSuccess {
      try await store.advance(step(from: position, to: position, settled: letter.position))
      hand.deadLetters -= 1
      hand.delivery.noteSuccess(of: entry.position, at: now)
      means.note(.delivered)
    } else if isOpen {
      hand.delivery.noteFailure(failure(entry, answer, now), at: now, limit: options.retryFor)
      let again = self.letter(entry, attempts: letter.attempts + 1, answer.reason)
      try await store.advance(step(from: position, to: position, buried: again))
      means.note(.buried)
    }
  }
}
