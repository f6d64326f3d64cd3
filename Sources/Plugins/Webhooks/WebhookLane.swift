import CardeaLifecycle

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
  private let target: WebhookTarget
  private let claim: WebhookClaim
  private let store: any PluginRecordStore
  private let clock: any KernelClock
  private let means: WebhookMeans
  private let retryFor: Duration
  private let rounds = Rounds()

  init(
    _ endpoint: WebhookEndpoint, store: any PluginRecordStore, clock: any KernelClock,
    means: WebhookMeans, options: WebhookOptions
  ) {
    target = WebhookTarget(endpoint)
    claim = WebhookClaim(on: endpoint, store: store, clock: clock, timeout: options.timeout)
    self.store = store
    self.clock = clock
    self.means = means
    retryFor = options.retryFor
  }

  /// Takes note of the endpoint as it is now, and looks whether there is something to do.
  /// - Parameter hasWork: whether there may be.
  func wake(_ endpoint: WebhookEndpoint, hasWork: Bool) {
    target.change(to: endpoint)
    if !hasWork { return }
    rounds.wake { [self] in
      // What the store refuses or can't do now is tried again when something wakes the lane.
      do throws(StoreError) { try await round() } catch { claim.lose() }
    }
  }

  /// Returns once it has nothing to do or waits for a retry.
  func idle() async { await rounds.idle() }

  /// Nothing more is sent after what is under way.
  func close() {
    target.close()
    rounds.close()
  }

  /// Gives the subscription back, so that another process can go on at once.
  func release() async { await claim.release() }

  /// Turn after turn, as long as there is something to deliver.
  private func round() async throws(StoreError) {
    var held: WebhookLedger?
    while target.isOpen {
      let turn = await means.turn()
      defer { turn.end() }
      guard target.isOpen else { return }
      if !claim.isFresh { held = nil }
      if held == nil {
        held = try await WebhookLedger(
          of: target, claim, store: store, clock: clock, note: means.note)
      }
      // Another has it.
      guard let ledger = held else { return }
      var attempt = WebhookAttempt(
        ledger: ledger, target: target, claim: claim, turn: turn, clock: clock, means: means,
        retryFor: retryFor)
      try await attempt.run()
      guard try await attempt.ledger.hasMore() else { return }
      held = attempt.ledger
    }
  }
}
