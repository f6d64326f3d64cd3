import CardeaContracts

/// What a lane does in its turn: it delivers the one signal whose time has come, if there is one. What is to be replayed
/// or tried again goes before what follows in the signal log.
struct WebhookAttempt {
  /// As the store has it, once ``run()`` has returned.
  private(set) var ledger: WebhookLedger
  let target: WebhookTarget
  let claim: WebhookClaim
  let turn: WebhookTurn
  let clock: any KernelClock
  let means: WebhookMeans
  /// How long a signal is tried.
  let retryFor: Duration

  mutating func run() async throws(StoreError) {
    try await deliverOne()
    try await ledger.save()
  }

  private mutating func deliverOne() async throws(StoreError) {
    guard ledger.delivery.maySend(at: clock.now()) else { return }
    if let letter = try await ledger.replayed() {
      try await replay(letter)
    } else if let retry = ledger.delivery.due(at: clock.now()) {
      try await again(retry)
    } else if ledger.delivery.takesMore {
      try await goOn()
    }
  }

  /// Delivers the next entry after the cursor that the endpoint takes, and passes over those before it.
  private mutating func goOn() async throws(StoreError) {
    // Mostly the next one is for it; what is read further ahead than it is sent could be purged meanwhile.
    var limit = 1
    while true {
      let entries = try await ledger.entries(limit: limit)
      limit = WebhookLedger.batch
      for entry in entries {
        guard target.isOpen else { return }
        // One that was set aside before the cursor was written has its own time.
        if !ledger.delivery.isSetAside(entry.position), try await ledger.wants(entry) {
          let since = ledger.delivery.start(of: entry, at: clock.now())
          let retry = WebhookState.Retry(
            position: entry.position, attempts: 0, since: since, dueAt: since)
          return try await deliver(entry, retry)
        }
        ledger.done = entry.position
      }
      if entries.isEmpty { return }
      try await ledger.save()
    }
  }

  /// Tries once more what failed before.
  private mutating func again(_ retry: WebhookState.Retry) async throws(StoreError) {
    // What was erased meanwhile can't be delivered, and what is not wanted any more is nobody's business.
    guard let entry = try await ledger.entry(at: retry.position), try await ledger.wants(entry)
    else { return ledger.delivery.dropRetry(of: retry.position) }
    try await deliver(entry, retry)
  }

  /// Sends an entry. If it is not taken, it is set aside to be tried again, or given up on; if it was cut short, which
  /// says nothing about the endpoint, it stays where it was.
  private mutating func deliver(
    _ entry: LogEntry, _ retry: WebhookState.Retry
  ) async throws(StoreError) {
    let answer = try await send(entry)
    let now = clock.now()
    if answer.isSuccess {
      ledger.delivery.noteSuccess(of: entry.position, at: now)
      ledger.done = max(ledger.done, entry.position)
      return means.note(.delivered)
    }
    guard target.isOpen else { return }
    ledger.delivery.dropRetry(of: entry.position)
    var retry = retry
    retry.attempts += 1
    if let due = WebhookSchedule.next(
      after: retry.attempts, at: now, since: retry.since, limit: retryFor, jitter: means.jitter())
    {
      retry.dueAt = due
      ledger.delivery.retries.append(retry)
      means.note(.failed)
    } else {
      try await ledger.bury(entry, attempts: retry.attempts, answer.reason)
    }
    ledger.delivery.noteFailure(failure(entry, answer, now), at: now, limit: retryFor)
    ledger.done = max(ledger.done, entry.position)
    if !ledger.delivery.maySend(at: now) { try await ledger.buryExpired(after: retryFor) }
  }

  /// Delivers a dead letter once more. What fails again stays one.
  private mutating func replay(_ letter: DeadLetter) async throws(StoreError) {
    let found = try await ledger.entry(at: letter.position)
    guard let entry = found, entry.payload != nil else {
      if let found { try await ledger.noteErased(found) }
      return try await ledger.settle(letter)
    }
    let answer = try await send(entry)
    let now = clock.now()
    if answer.isSuccess {
      try await ledger.settle(letter)
      ledger.delivery.noteSuccess(of: entry.position, at: now)
      means.note(.delivered)
    } else if target.isOpen {
      ledger.delivery.noteFailure(failure(entry, answer, now), at: now, limit: retryFor)
      try await ledger.buryAgain(entry, attempts: letter.attempts + 1, answer.reason)
    }
  }

  /// Signs an entry and sends it at once.
  /// - Throws: `.conflict` if the claim may end before the delivery does: the store took its time.
  private func send(_ entry: LogEntry) async throws(StoreError) -> WebhookAnswer {
    guard claim.outlastsDelivery else { throw .conflict }
    let endpoint = target.endpoint
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
}
