import CardeaLifecycle

/// How far the deliveries to an endpoint are, while its subscription is held and for a moment between two turns: what
/// the store has, and what has come of them since.
struct WebhookLedger: Sendable {
  /// Entries that are read at a time.
  static let batch = 100

  /// Written by ``save()``.
  var delivery: WebhookState
  /// How far everything is delivered, set aside or of no interest. ``save()`` moves the cursor there.
  var done: Int64

  private let target: WebhookTarget
  private let claim: WebhookClaim
  private let store: any PluginRecordStore
  private let clock: any KernelClock
  private let note: @Sendable (WebhookResult) -> Void
  /// Of the record in the store; 0 if there is none yet.
  private var revision: Int64
  /// The delivery's state as the store has it.
  private var saved: WebhookState
  /// Where the cursor stands in the store.
  private var position: Int64
  private var deadLetters: Int

  /// Claims the subscription and reads how things stand; `nil` while another holds it.
  init?(
    of target: WebhookTarget, _ claim: WebhookClaim, store: any PluginRecordStore,
    clock: any KernelClock, note: @escaping @Sendable (WebhookResult) -> Void
  ) async throws(StoreError) {
    guard let position = try await claim.make() else { return nil }
    let record = try await store.pluginRecord(target.id, in: WebhookState.collection)
    let delivery = try record.map { (record) throws(StoreError) in try WebhookState(record) }
    let subscription = try await store.subscriptions().first {
      $0.name.utf8.elementsEqual(target.subscription.utf8)
    }
    self.target = target
    self.claim = claim
    self.store = store
    self.clock = clock
    self.note = note
    self.delivery = delivery ?? WebhookState()
    saved = delivery ?? WebhookState()
    revision = record?.revision ?? 0
    self.position = position
    done = position
    deadLetters = subscription?.deadLetters ?? 0
  }

  /// Writes the delivery's state, and then the cursor: what is set aside must be known before it is passed.
  mutating func save() async throws(StoreError) {
    if delivery != saved {
      try await store.put(
        try delivery.record(target.id, revision: revision + 1), in: WebhookState.collection)
      revision += 1
      saved = delivery
    }
    guard done != position else { return }
    try await claim.advance(from: position, to: done)
    position = done
  }

  /// Whether another turn is worth waiting for.
  func hasMore() async throws(StoreError) -> Bool {
    let now = clock.now()
    guard delivery.maySend(at: now) else { return false }
    if delivery.due(at: now) != nil { return true }
    if delivery.takesMore, try await store.logHead().position > done { return true }
    return try await replayed() != nil
  }

  // MARK: Entries

  /// Those behind what is done.
  func entries(limit: Int) async throws(StoreError) -> [LogEntry] {
    try await store.log(after: done, limit: limit)
  }

  func entry(at position: Int64) async throws(StoreError) -> LogEntry? {
    let found = try await store.log(after: position - 1, limit: 1).first
    return found?.position == position ? found : nil
  }

  /// Whether an entry is for this endpoint. One that would have been and was pruned is counted.
  mutating func wants(_ entry: LogEntry) async throws(StoreError) -> Bool {
    let endpoint = target.endpoint
    if endpoint.takes(entry) { return true }
    if entry.payload == nil, endpoint.asksFor(entry) { try await noteErased(entry) }
    return false
  }

  /// What is gone with its key says nothing to anybody; what was pruned before it was delivered is missed.
  mutating func noteErased(_ entry: LogEntry) async throws(StoreError) {
    if let key = entry.keyID, try await store.find(id: key)?.key.status ?? .purged == .purged {
      return
    }
    delivery.missed += 1
    note(.missed)
  }

  // MARK: Dead letters

  /// The first dead letter that is to be delivered once more.
  func replayed() async throws(StoreError) -> DeadLetter? {
    if deadLetters == 0 { return nil }
    var query = DeadLetterQuery(subscription: target.subscription, limit: 1)
    query.onlyReplayed = true
    return try await store.deadLetters(query).first
  }

  /// Keeps an entry as a dead letter. Beyond as many as may be kept, the one that is first in the log gives way.
  mutating func bury(
    _ entry: LogEntry, attempts: Int, _ reason: String
  ) async throws(StoreError) {
    var settled: Int64?
    let letter = letter(entry, attempts: attempts, reason)
    if deadLetters >= WebhookState.mostDeadLetters {
      let query = DeadLetterQuery(subscription: target.subscription, limit: 1)
      settled = try await store.deadLetters(query).first?.position
    }
    try await claim.advance(from: position, to: position, buried: letter, settled: settled)
    note(.buried)
    if settled == nil {
      deadLetters += 1
    } else {
      delivery.deadLettersDropped += 1
      note(.dropped)
    }
  }

  /// Keeps an entry that failed again as the dead letter that it is.
  func buryAgain(
    _ entry: LogEntry, attempts: Int, _ reason: String
  ) async throws(StoreError) {
    let letter = letter(entry, attempts: attempts, reason)
    try await claim.advance(from: position, to: position, buried: letter)
    note(.buried)
  }

  /// A dead letter was delivered after all, or never can be.
  mutating func settle(_ letter: DeadLetter) async throws(StoreError) {
    try await claim.advance(from: position, to: position, settled: letter.position)
    deadLetters -= 1
  }

  private func letter(_ entry: LogEntry, attempts: Int, _ reason: String) -> DeadLetter {
    DeadLetter(
      subscription: target.subscription, position: entry.position, signal: entry.signal,
      keyID: entry.keyID, prefix: entry.prefix, failedAt: clock.now(), attempts: attempts,
      reason: reason)
  }

  /// An endpoint that is left alone gets one delivery per pause: what has waited too long by then is given up on
  /// untried, so that an endpoint that is gone for good piles nothing up.
  mutating func buryExpired(after limit: Duration) async throws(StoreError) {
    let now = clock.now()
    func isOver(_ since: Timestamp) -> Bool { since.adding(limit).map { $0 <= now } ?? false }
    let reason = delivery.lastFailure?.reason ?? ""
    for retry in delivery.retries where isOver(retry.since) {
      if let entry = try await entry(at: retry.position), try await wants(entry) {
        try await bury(entry, attempts: retry.attempts, reason)
      }
      delivery.dropRetry(of: retry.position)
    }
    guard let failingSince = delivery.failingSince, isOver(failingSince) else { return }
    while true {
      let entries = try await entries(limit: WebhookLedger.batch)
      for entry in entries {
        guard isOver(max(failingSince, entry.at)) else { return try await save() }
        if !delivery.isSetAside(entry.position), try await wants(entry) {
          try await bury(entry, attempts: 0, reason)
        }
        done = entry.position
      }
      try await save()
      if entries.isEmpty { return }
    }
  }
}
