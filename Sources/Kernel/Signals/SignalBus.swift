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
  let ownerCreated = Topic<OwnerCreated>()
  let ownerUpdated = Topic<OwnerUpdated>()
  let ownerDisabled = Topic<OwnerDisabled>()
  let ownerEnabled = Topic<OwnerEnabled>()
  let keyCreated = Topic<KeyCreated>()
  let keyUpdated = Topic<KeyUpdated>()
  let tokenRotated = Topic<TokenRotated>()
  let rotationCompleted = Topic<RotationCompleted>()
  let rotationCancelled = Topic<RotationCancelled>()
  let keySuspended = Topic<KeySuspended>()
  let keyReactivated = Topic<KeyReactivated>()
  let keyRevoked = Topic<KeyRevoked>()
  let keyPurged = Topic<KeyPurged>()
  let keyExpired = Topic<KeyExpired>()
  let keyExpiring = Topic<KeyExpiring>()
  let hashUpgraded = Topic<HashUpgraded>()
  let webhookCreated = Topic<WebhookCreated>()
  let webhookUpdated = Topic<WebhookUpdated>()
  let webhookDeleted = Topic<WebhookDeleted>()
  let webhookSecretRotated = Topic<WebhookSecretRotated>()
  let userLoggedIn = Topic<UserLoggedIn>()
  let userLoggedOut = Topic<UserLoggedOut>()
  let authenticationFailed = Topic<AuthenticationFailed>()
  let rateLimited = Topic<RateLimited>()
  let listenerFailed = Topic<ListenerFailed>()
  let any = Topic<AnySignal>()

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

  /// The catalogue: every type of signal that has a place in the signal log or the access log.
  public static let catalogue: [any Signal.Type] = [
    OwnerCreated.self, OwnerUpdated.self, OwnerDisabled.self, OwnerEnabled.self, KeyCreated.self,
    KeyUpdated.self, TokenRotated.self, RotationCompleted.self, RotationCancelled.self,
    KeySuspended.self, KeyReactivated.self, KeyRevoked.self, KeyPurged.self, KeyExpired.self,
    KeyExpiring.self, HashUpgraded.self, WebhookCreated.self, WebhookUpdated.self,
    WebhookDeleted.self, WebhookSecretRotated.self, UserLoggedIn.self, UserLoggedOut.self,
    AuthenticationFailed.self, RateLimited.self, ListenerFailed.self,
  ]

  /// The signals of the catalogue that stand in the signal log.
  static let changes: [any ChangeSignal.Type] = catalogue.compactMap {
    $0 as? any ChangeSignal.Type
  }

  public convenience init() { self.init(clock: SystemClock(), durable: nil) }

  init(clock: any KernelClock, durable: DurableLanes?) {
    self.clock = clock
    self.durable = durable
  }

  /// Publishes a signal. The argument is only evaluated if somebody subscribed.
  @inline(__always)
  public func publish<Published: Signal>(_ signal: @autoclosure () -> Published) {
    let topic = Published.topic(on: self)
    if topic.hasSubscribers || any.hasSubscribers { deliver(signal(), on: topic) }
  }

  @inline(never)
  private func deliver<Published: Signal>(_ signal: Published, on topic: Topic<Published>) {
    topic.send(signal)
    if any.hasSubscribers, Published.self != AnySignal.self { any.send(AnySignal(signal)) }
  }

  /// Whether publishing this type would reach anybody.
  public func hasSubscribers<Published: Signal>(_ type: Published.Type) -> Bool {
    any.hasSubscribers || Published.topic(on: self).hasSubscribers
  }

  /// Calls `handler` with every signal of this type from now on. `id` names the subscriber in
  /// ``ListenerFailed``.
  @discardableResult
  public func subscribe<Received: Signal>(
    _ type: Received.Type, id: String, _ delivery: Delivery<Received>,
    handler: @escaping @Sendable (Received) throws -> Void
  ) -> Subscription {
    let number = nextID.wrappingAdd(1, ordering: .relaxed).newValue
    let topic = Received.topic(on: self)
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
      topic.add(.init(id: number, receive: { lane.enqueue($0) }))
      return Subscription { [weak self] in
        topic.remove(number)
        lane.close()
        _ = self?.lanes.withLock { $0.removeValue(forKey: number) }
        self?.unwatch(number)
      }
    }
    switch delivery.mode {
    case .inline:
      topic.add(.init(id: number, receive: guarded))
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
    let topic = Received.topic(on: self)
    gauges.withLock {
      $0[number] = {
        SubscriptionFigures(id: id, signal: Received.name, waiting: nil, dropped: dropped())
      }
    }
    topic.add(.init(id: number, receive: receive))
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
  func subscribe<Listener: SignalListener>(_ listener: Listener) {
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

  /// The topic of a signal type that a plugin declares.
  func sharedTopic<Received: Signal>(_ type: Received.Type) -> Topic<Received> {
    others.withLock { topics in
      if let topic = topics[ObjectIdentifier(type)] as? Topic<Received> { return topic }
      let topic = Topic<Received>()
      topics[ObjectIdentifier(type)] = topic
      return topic
    }
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

extension Signal {
  public static func topic(on bus: SignalBus) -> Topic<Self> { bus.sharedTopic(Self.self) }
}

/// A subscription that can be ended. Letting go of it does not end it.
public struct Subscription: Sendable {
  private let end: @Sendable () -> Void

  init(_ end: @escaping @Sendable () -> Void) { self.end = end }

  /// No signal is delivered that is published after this returns; what waits is dropped.
  public func cancel() { end() }
}
