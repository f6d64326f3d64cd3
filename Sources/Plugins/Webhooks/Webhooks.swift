import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Webhooks: the endpoints, kept in the store, and the delivery of the signal log to them.
///
/// Endpoints are for operators: whoever may make one learns of every key's changes. Their signing secrets lie in the
/// store in clear, since HMAC needs them; they are shown once, and are in no signal, log or error. Each change of an
/// endpoint stands in the signal log with who made it, written in the same transaction.
///
/// Threading: any thread.
public final class Webhooks: Sendable {
  private let kernel: AuthKernel
  private let store: any PluginRecordStore
  private let options: WebhookOptions
  private let dispatcher: WebhookDispatcher
  private let trials: WebhookTrials

  /// `nil` if the kernel's store keeps no records of plugins.
  package init?(kernel: AuthKernel, options: WebhookOptions, means: WebhookMeans) {
    guard let store = kernel.store as? any PluginRecordStore else { return nil }
    self.kernel = kernel
    self.store = store
    self.options = options
    dispatcher = WebhookDispatcher(kernel: kernel, store: store, options: options, means: means)
    trials = WebhookTrials(
      primitives: kernel.primitives, clock: kernel.clock, means: means, timeout: options.timeout)
  }

  // MARK: Delivery

  /// Begins to deliver. Of several processes on one store that do, one at a time serves an endpoint.
  public func start() { dispatcher.start() }

  /// Ends what is under way and gives everything back, so that another process can go on at once. The kernel must
  /// still be running.
  public func stop() async { await dispatcher.stop() }

  /// What an operator should put right, as of a second ago. Of an endpoint that is disabled nothing is expected. Cheap, and
  /// empty before ``start()``.
  public var warnings: [WebhookWarning] { dispatcher.troubles.warnings }

  /// Looks for something to deliver, and returns once all of it is delivered or waits to be tried again.
  package func drain() async { await dispatcher.drain() }

  // MARK: Endpoints

  /// Every endpoint that can be read, the oldest first.
  public func all() async throws(LifecycleError) -> [WebhookStatus] { try await survey().statuses }

  /// Endpoints whose records can't be read: nothing is sent to them, and all that can be done is to delete them.
  public func unreadable() async throws(LifecycleError) -> [UUID] { try await survey().unreadable }

  private func survey() async throws(LifecycleError) -> WebhookSurvey {
    try await kernel.inStore { () async throws(StoreError) in try await WebhookSurvey(store) }
  }

  /// - Throws: `.notFound`, or `.failed` if its record can't be read.
  public func show(_ id: UUID) async throws(LifecycleError) -> WebhookStatus {
    let survey = try await survey()
    if let status = survey.statuses.first(where: { $0.endpoint.id == id }) { return status }
    guard survey.unreadable.contains(id) else { throw .notFound("webhook") }
    throw .failed("the record of the webhook \(id.text) can't be read; delete it and make another")
  }

  /// Makes an endpoint, which gets what happens from now on.
  public func create(
    _ new: NewWebhook, by actor: Actor
  ) async throws(LifecycleError) -> IssuedWebhook {
    try WebhookRules.check(url: new.url, allow: options.allow)
    try LifecycleRules.checkDescription(new.description)
    let signals = try WebhookRules.signals(new.signals)
    let survey = try await survey()
    let count = survey.statuses.count + survey.unreadable.count
    guard count < options.maxEndpoints else {
      throw .invalid(
        field: "url",
        reason: "there are \(count) endpoints, as many as webhooks.max_endpoints allows")
    }
    let now = kernel.clock.now()
    let secret = WebhookSecret.random(kernel.primitives)
    let id = UUID.version7(at: now, random: kernel.primitives.randomBytes(10))
    let head = try await kernel.inStore { () async throws(StoreError) in try await store.logHead() }
    let endpoint = WebhookEndpoint(
      id: id, url: new.url, description: new.description, signals: signals,
      isEnabled: new.isEnabled, createdAt: now, createdBy: actor.description,
      start: head.position, secrets: [secret], revision: 0)
    try await put(
      endpoint, telling: WebhookCreated(at: now, actor: actor.description, webhook: endpoint.facts))
    return IssuedWebhook(status: try await show(id), secret: secret)
  }

  /// Changes an endpoint; `.conflict` if somebody else has meanwhile.
  public func update(
    _ id: UUID, _ edit: WebhookEdit, by actor: Actor
  ) async throws(LifecycleError) -> WebhookStatus {
    if let url = edit.url { try WebhookRules.check(url: url, allow: options.allow) }
    if let description = edit.description { try LifecycleRules.checkDescription(description) }
    let signals = try edit.signals.map { (names) throws(LifecycleError) in
      try WebhookRules.signals(names)
    }
    let status = try await show(id)
    var endpoint = status.endpoint
    endpoint.url = edit.url ?? endpoint.url
    endpoint.description = edit.description ?? endpoint.description
    endpoint.signals = signals ?? endpoint.signals
    endpoint.isEnabled = edit.isEnabled ?? endpoint.isEnabled
    let changed = endpoint.differences(from: status.endpoint)
    if changed.isEmpty { return status }
    try await put(
      endpoint,
      telling: WebhookUpdated(
        at: kernel.clock.now(), actor: actor.description, webhook: endpoint.facts, changed: changed)
    )
    return try await show(id)
  }

  /// Gives an endpoint a new secret. The one before signs too until the overlap ends; those before it do not.
  public func rotateSecret(
    _ id: UUID, overlap: Duration = .zero, by actor: Actor
  ) async throws(LifecycleError) -> IssuedWebhook {
    try LifecycleRules.checkOverlap(overlap)
    var endpoint = try await show(id).endpoint
    let secret = WebhookSecret.random(kernel.primitives)
    endpoint.rotate(to: secret, overlap: overlap, at: kernel.clock.now())
    try await put(
      endpoint,
      telling: WebhookSecretRotated(
        at: kernel.clock.now(), actor: actor.description, webhook: endpoint.facts))
    return IssuedWebhook(status: try await show(id), secret: secret)
  }

  /// Removes an endpoint with its secrets, its place in the log and its dead letters.
  public func delete(_ id: UUID, by actor: Actor) async throws(LifecycleError) {
    let survey = try await survey()
    let found = survey.statuses.first { $0.endpoint.id == id }?.endpoint
    guard found != nil || survey.unreadable.contains(id) else { throw .notFound("webhook") }
    do throws(LifecycleError) {
      try await kernel.commit(
        .remove(
          id, from: [WebhookEndpoint.collection, WebhookState.collection],
          subscription: WebhookEndpoint.subscription(id)),
        telling: WebhookDeleted(
          at: kernel.clock.now(), actor: actor.description,
          webhook: found?.facts ?? WebhookFacts(id: id, host: nil)))
    } catch {
      // Somebody else has removed it meanwhile.
      if case .conflict = error { throw .notFound("webhook") }
      throw error
    }
    dispatcher.wake()
  }

  /// Sends an endpoint a delivery of the type `webhook_test`, once, whether it is enabled or not; on a thread that no
  /// other delivery waits for.
  package func test(_ id: UUID) async throws(LifecycleError) -> WebhookTrial {
    try await trials.run(try await show(id).endpoint)
  }

  // MARK: Dead letters

  /// What was given up on, in the log's order.
  public func deadLetters(
    _ id: UUID, after position: Int64 = 0, limit: Int = 100
  ) async throws(LifecycleError) -> [DeadLetter] {
    let name = try await show(id).endpoint.subscription
    var query = DeadLetterQuery(subscription: name, limit: limit)
    query.after = .init(subscription: name, position: position)
    return try await kernel.deadLetters(query)
  }

  /// Has dead letters delivered once more; how many there are. One that fails again stays one.
  public func replay(_ id: UUID, position: Int64? = nil) async throws(LifecycleError) -> Int {
    let name = try await show(id).endpoint.subscription
    let count = try await kernel.replayDeadLetters(of: name, position: position)
    dispatcher.wake()
    return count
  }

  // MARK: The store

  private func put(
    _ endpoint: WebhookEndpoint, telling signal: some ChangeSignal
  ) async throws(LifecycleError) {
    let record: PluginRecord
    do throws(StoreError) { record = try endpoint.nextRecord() } catch {
      throw LifecycleError(error)
    }
    try await kernel.commit(.put(record, in: WebhookEndpoint.collection), telling: signal)
    dispatcher.wake()
  }
}
