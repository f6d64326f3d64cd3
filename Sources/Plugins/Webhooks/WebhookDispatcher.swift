import CardeaLifecycle
import Dispatch

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Gives every endpoint a lane, and wakes it when there is something to deliver: at once for what this process did,
/// within a second for what another did or time brought.
///
/// Threading: any thread. One look at a time; what wakes it meanwhile makes it look once more.
final class WebhookDispatcher: Sendable {
  private let kernel: AuthKernel
  private let store: any PluginRecordStore
  private let options: WebhookOptions
  private let means: WebhookMeans
  private let queue = DispatchQueue(label: "cardea.webhooks", qos: .utility)
  /// As the last look found them.
  let troubles: WebhookTroubles
  private let rounds = Rounds()
  private let state = Locked(State())

  private struct State: Sendable {
    var lanes: [UUID: WebhookLane] = [:]
    var timer: RepeatingTimer?
    var subscription: Subscription?
  }

  init(
    kernel: AuthKernel, store: any PluginRecordStore, options: WebhookOptions, means: WebhookMeans
  ) {
    self.kernel = kernel
    self.store = store
    self.options = options
    self.means = means
    troubles = WebhookTroubles(signals: kernel.signals, noteUnreadable: means.noteUnreadable)
  }

  func start() {
    let timer = RepeatingTimer(every: .seconds(1), on: queue) { [weak self] in self?.wake() }
    let subscription = kernel.logWatch.subscribe { [weak self] in self?.wake() }
    state.withLock { state in
      state.timer = timer
      state.subscription = subscription
    }
    wake()
  }

  func stop() async {
    // First, so that no lane is made after those that are closed here.
    rounds.close()
    let (lanes, subscription) = state.withLock { state in
      state.timer = nil
      defer { state.subscription = nil }
      return (Array(state.lanes.values), state.subscription)
    }
    subscription?.cancel()
    for lane in lanes { lane.close() }
    means.stop()
    for lane in lanes {
      await lane.idle()
      await lane.release()
    }
  }

  /// Looks whether there is something to do, if deliveries have begun.
  func wake() {
    guard state.withLock({ $0.timer != nil }) else { return }
    look()
  }

  func drain() async {
    look()
    await rounds.idle()
    for lane in state.withLock({ Array($0.lanes.values) }) { await lane.idle() }
  }

  private func look() {
    rounds.wake { [self] in
      // What the store can't tell now, the next look finds.
      do throws(StoreError) { try await survey() } catch {}
    }
  }

  private func survey() async throws(StoreError) {
    let survey = try await WebhookSurvey(store)
    for id in survey.orphans {
      close(id)
      _ = try await store.removeRecords(
        id, from: [WebhookState.collection], subscription: WebhookEndpoint.subscription(id))
    }
    troubles.note(survey, at: kernel.clock.now())
    let ids = Set(survey.statuses.map(\.endpoint.id))
    for id in state.withLock({ Array($0.lanes.keys) }) where !ids.contains(id) { close(id) }
    for status in survey.statuses {
      let endpoint = status.endpoint
      // One that is under way is told what has changed, so that one which was disabled stops.
      let hasWork = try await hasWork(status)
      if hasWork || state.withLock({ $0.lanes[endpoint.id] != nil }) {
        lane(endpoint)?.wake(endpoint, hasWork: hasWork)
      }
    }
  }

  private func hasWork(_ status: WebhookStatus) async throws(StoreError) -> Bool {
    let now = kernel.clock.now()
    let delivery = status.delivery
    guard status.endpoint.isEnabled, delivery.maySend(at: now) else { return false }
    if status.waiting > 0, delivery.takesMore { return true }
    if delivery.due(at: now) != nil { return true }
    if status.deadLetters == 0 { return false }
    var query = DeadLetterQuery(subscription: status.endpoint.subscription, limit: 1)
    query.onlyReplayed = true
    return try await !store.deadLetters(query).isEmpty
  }

  private func lane(_ endpoint: WebhookEndpoint) -> WebhookLane? {
    state.withLock { state in
      if rounds.isClosed { return nil }
      if let lane = state.lanes[endpoint.id] { return lane }
      let lane = WebhookLane(
        endpoint, store: store, clock: kernel.clock, means: means, options: options)
      state.lanes[endpoint.id] = lane
      return lane
    }
  }

  private func close(_ id: UUID) {
    state.withLock { $0.lanes.removeValue(forKey: id) }?.close()
  }
}
