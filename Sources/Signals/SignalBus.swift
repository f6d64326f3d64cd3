import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Carries signals from the kernel to listeners.
///
/// Subscription is by type, so the compiler checks the handler. Publishing with no subscriber costs a few
/// nanoseconds and allocates nothing. Threading: any thread.
public final class SignalBus: Sendable {
  @usableFromInline let ownerCreated = Topic<OwnerCreated>()
  @usableFromInline let ownerUpdated = Topic<OwnerUpdated>()
  @usableFromInline let ownerDisabled = Topic<OwnerDisabled>()
  @usableFromInline let ownerEnabled = Topic<OwnerEnabled>()
  @usableFromInline let keyCreated = Topic<KeyCreated>()
  @usableFromInline let keyUpdated = Topic<KeyUpdated>()
  @usableFromInline let tokenRotated = Topic<TokenRotated>()
  @usableFromInline let rotationCompleted = Topic<RotationCompleted>()
  @usableFromInline let rotationCancelled = Topic<RotationCancelled>()
  @usableFromInline let keySuspended = Topic<KeySuspended>()
  @usableFromInline let keyReactivated = Topic<KeyReactivated>()
  @usableFromInline let keyRevoked = Topic<KeyRevoked>()
  @usableFromInline let keyPurged = Topic<KeyPurged>()
  @usableFromInline let keyExpired = Topic<KeyExpired>()
  @usableFromInline let keyExpiring = Topic<KeyExpiring>()
  @usableFromInline let hashUpgraded = Topic<HashUpgraded>()
  @usableFromInline let webhookCreated = Topic<WebhookCreated>()
  @usableFromInline let webhookUpdated = Topic<WebhookUpdated>()
  @usableFromInline let webhookDeleted = Topic<WebhookDeleted>()
  @usableFromInline let webhookSecretRotated = Topic<WebhookSecretRotated>()
  @usableFromInline let userLoggedIn = Topic<UserLoggedIn>()
  @usableFromInline let userLoggedOut = Topic<UserLoggedOut>()
  @usableFromInline let authenticationFailed = Topic<AuthenticationFailed>()
  @usableFromInline let rateLimited = Topic<RateLimited>()
  @usableFromInline let listenerFailed = Topic<ListenerFailed>()
  @usableFromInline let any = Topic<AnySignal>()

  /// Topics of signals that plugins declare themselves.
  private let others = Locked<[ObjectIdentifier: any Sendable]>([:])
  private let lanes = Locked<[UInt64: @Sendable () async -> Void]>([:])
  /// How to ask each subscription how far it is behind.
  private let gauges = Locked<[UInt64: @Sendable () -> SubscriptionFigures]>([:])
  /// Who watches each subscriber, and how to report one that hangs.
  private let watches = Locked<[UInt64: Watched]>([:])
  private let clock: any KernelClock
  /// A kernel's; `nil` on a bus of its own, where a durable subscription is a queue.
  private let durable: DurableLanes?

  private struct Watched: Sendable {
    let watch: ListenerWatch
    let report: @Sendable () -> Void
  }

  private let nextID = Atomic<UInt64>(1)

  public convenience init() { self.init(clock: SystemClock(), durable: nil) }

  package init(clock: any KernelClock, durable: DurableLanes?) {
    self.clock = clock
    self.durable = durable
  }

  /// Publishes a signal of the catalogue. The argument is only evaluated if somebody subscribed.
  @inlinable
  @inline(__always)
  public func publish<Published: CatalogueSignal>(_ signal: @autoclosure () -> Published) {
    let topic = Published.topic(on: self)
    if topic.hasSubscribers || any.hasSubscribers { deliver(signal(), on: topic) }
  }

  /// Publishes a signal that a plugin declares, or one whose type is not known where it is published.
  public func publish<Published: Signal>(_ signal: @autoclosure () -> Published) {
    let topic = topic(of: Published.self)
    if topic.hasSubscribers || any.hasSubscribers { deliver(signal(), on: topic) }
  }

  @usableFromInline
  @inline(never)
  func deliver<Published: Signal>(_ signal: Published, on topic: Topic<Published>) {
    topic.send(signal)
    if any.hasSubscribers, Published.self != AnySignal.self { any.send(AnySignal(signal)) }
  }

  /// Whether publishing this type would reach anybody.
  public func hasSubscribers<Published: Signal>(_ type: Published.Type) -> Bool {
    any.hasSubscribers || topic(of: type).hasSubscribers
  }

  /// Calls `handler` with every signal of this type from now on. `id` names the subscriber in
  /// ``ListenerFailed``.
  @discardableResult
  public func subscribe<Received: Signal>(
    _ type: Received.Type, id: String, _ delivery: Delivery<Received>,
    handler: @escaping @Sendable (Received) throws -> Void
  ) -> Subscription {
    let number = nextID.wrappingAdd(1, ordering: .relaxed).newValue
    let topic = self.topic(of: Received.self)
    let failures = Tally()
    let watch = watched(number, id, Received.self)
    let guarded: @Sendable (Received) -> Void = { [weak self] signal in
      do { try watch.run { try handler(signal) } } catch {
        // A report that can't be received is not reported: that would never end.
        if (signal as? AnySignal)?.base is ListenerFailed { return }
        self?.report(id, Received.self, .threw, failures.add())
      }
    }
    func queue(bound: Int, overflow: Overflow) -> Subscription {
      let lane = Lane<Received>(
        label: "cardea.\(id)", bound: bound, overflow: overflow, receive: guarded
      ) { [weak self] count in self?.report(id, Received.self, .overflowed, count) }
      lanes.withLock { $0[number] = { await lane.drain() } }
      gauges.withLock {
        $0[number] = {
          let (waiting, dropped) = lane.figures
          return SubscriptionFigures(
            id: id, signal: Received.name, waiting: waiting, dropped: dropped,
            isStuck: watch.isHung)
        }
      }
      topic.add(number) { lane.enqueue($0) }
      return Subscription { [weak self] in
        topic.remove(number)
        lane.close()
        _ = self?.lanes.withLock { $0.removeValue(forKey: number) }
        self?.unwatch(number)
      }
    }
    switch delivery.mode {
    case .inline:
      topic.add(number, guarded)
      return Subscription { [weak self] in
        topic.remove(number)
        self?.unwatch(number)
      }
    case .queue(let bound, let overflow): return queue(bound: bound, overflow: overflow)
    case .durable(let durability):
      guard let durable else { return queue(bound: 10_000, overflow: .dropOldest) }
      return subscribe(durability, durable, number, id, watch, failures, handler)
    }
  }

  private func subscribe<Received: Signal>(
    _ durability: Delivery<Received>.Durability, _ durable: DurableLanes, _ number: UInt64,
    _ id: String, _ watch: ListenerWatch, _ failures: Tally,
    _ handler: @escaping @Sendable (Received) throws -> Void
  ) -> Subscription {
    guard let source = durable.source else {
      report(id, Received.self, .undeliverable, 1)
      return Subscription {}
    }
    let buried = Tally()
    let lane = DurableLane(
      DurableLane.Subscription(
        cursor: durability.cursor, holder: "\(UUID().text)-\(number)",
        attempts: durability.attempts, backoff: durability.backoff,
        receive: { [weak self] entry in
          do {
            guard let signal = try durability.decode(entry) else { return }
            try watch.run { try handler(signal) }
          } catch {
            self?.report(id, Received.self, .threw, failures.add())
            throw error
          }
        }, buried: { [weak self] in self?.report(id, Received.self, .buried, buried.add()) }),
      source)
    durable.add(lane, number)
    gauges.withLock {
      $0[number] = {
        SubscriptionFigures(
          id: id, signal: Received.name, waiting: lane.waiting, dropped: buried.count,
          isStuck: lane.isFailing || watch.isHung)
      }
    }
    return Subscription { [weak self] in
      durable.remove(number)
      self?.unwatch(number)
    }
  }

  private func watched<Received: Signal>(
    _ number: UInt64, _ id: String, _ type: Received.Type
  ) -> ListenerWatch {
    let watch = ListenerWatch(clock)
    let hangs = Tally()
    watches.withLock {
      $0[number] = Watched(watch: watch) { [weak self] in
        self?.report(id, Received.self, .hung, hangs.add())
      }
    }
    return watch
  }

  private func unwatch(_ number: UInt64) {
    _ = watches.withLock { $0.removeValue(forKey: number) }
    _ = gauges.withLock { $0.removeValue(forKey: number) }
  }

  /// Reports every listener that has been busy with one signal for longer than `deadline`, once per signal.
  package func reportHung(after deadline: Duration) {
    for watched in watches.withLock({ Array($0.values) })
    where watched.watch.isNewlyHung(after: deadline) {
      watched.report()
    }
  }

  /// Calls `receive` on the publishing thread; it must only hand the signal on.
  /// - Parameter dropped: what it could not hand on so far.
  func subscribeDirectly<Received: Signal>(
    _ type: Received.Type, id: String, dropped: @escaping @Sendable () -> Int64,
    receive: @escaping @Sendable (Received) -> Void
  ) -> Subscription {
    let number = nextID.wrappingAdd(1, ordering: .relaxed).newValue
    let topic = self.topic(of: Received.self)
    gauges.withLock {
      $0[number] = {
        SubscriptionFigures(id: id, signal: Received.name, waiting: nil, dropped: dropped())
      }
    }
    topic.add(number, receive)
    return Subscription { [weak self] in
      topic.remove(number)
      _ = self?.gauges.withLock { $0.removeValue(forKey: number) }
    }
  }

  /// How far each subscription is behind, in the order in which they were made.
  public func figures() -> [SubscriptionFigures] {
    gauges.withLock { $0 }.sorted { $0.key < $1.key }.map { $0.value() }
  }

  /// Subscribes a listener plugin for good.
  package func subscribe<Listener: SignalListener>(_ listener: Listener) {
    subscribe(Listener.Received.self, id: listener.id, listener.delivery) {
      try listener.receive($0)
    }
  }

  /// The signals of a type from now on, as an `AsyncSequence` with a bounded buffer.
  public func stream<Received: Signal>(
    _ type: Received.Type, id: String = "stream", bound: Int = 1_000,
    overflow: Overflow = .dropOldest
  ) -> SignalStream<Received> {
    SignalStream(bus: self, id: id, bound: max(1, bound), overflow: overflow)
  }

  /// Returns once every mailbox has been empty. Signals that listeners publish meanwhile are waited for too,
  /// in their turn; a listener that hangs is waited for as long as it hangs.
  public func drain() async {
    for _ in 0..<3 {
      for lane in lanes.withLock({ Array($0.values) }) { await lane() }
      await durable?.drain()
    }
  }

  /// The topic that carries a type: a signal of the catalogue has its own, a plugin's is found in a table.
  func topic<Received: Signal>(of type: Received.Type) -> Topic<Received> {
    if let catalogued = type as? any CatalogueSignal.Type,
      let topic = topic(of: catalogued) as? Topic<Received>
    {
      return topic
    }
    return others.withLock { topics in
      if let topic = topics[ObjectIdentifier(type)] as? Topic<Received> { return topic }
      let topic = Topic<Received>()
      topics[ObjectIdentifier(type)] = topic
      return topic
    }
  }

  private func topic<Received: CatalogueSignal>(of type: Received.Type) -> any Sendable {
    Received.topic(on: self)
  }

  func report<Received: Signal>(
    _ listener: String, _ type: Received.Type, _ failure: ListenerFailed.Failure, _ count: Int64
  ) {
    // A listener of `listener_failed` that fails is not told of itself: that would never end.
    if type == ListenerFailed.self { return }
    let report = ListenerFailed(
      listener: listener, signal: Received.name, failure: failure, count: count)
    if type == AnySignal.self, failure == .overflowed || failure == .hung {
      // The mailbox that is full would get this too.
      listenerFailed.send(report)
    } else {
      publish(report)
    }
  }
}
