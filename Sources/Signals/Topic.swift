import Synchronization

/// The subscribers of one signal type on one bus.
///
/// Publishing with none reads one atomic. Threading: any thread.
public final class Topic<Received: Signal>: Sendable {
  @usableFromInline let count = Atomic<Int>(0)
  private let subscribers = Locked<[Subscriber]>([])

  struct Subscriber: Sendable {
    let id: UInt64
    let receive: @Sendable (Received) -> Void
  }

  /// Whether anybody would receive a signal now.
  @inlinable
  package var hasSubscribers: Bool {
    @inline(__always) get { count.load(ordering: .relaxed) != 0 }
  }

  func add(_ subscriber: Subscriber) {
    subscribers.withLock {
      $0.append(subscriber)
      count.store($0.count, ordering: .relaxed)
    }
  }

  func remove(_ id: UInt64) {
    subscribers.withLock {
      $0.removeAll { $0.id == id }
      count.store($0.count, ordering: .relaxed)
    }
  }

  /// Hands the signal to every subscriber, in order of subscription. No lock is held meanwhile, so a
  /// subscriber may publish, subscribe or unsubscribe.
  func send(_ signal: Received) {
    for subscriber in subscribers.withLock({ $0 }) { subscriber.receive(signal) }
  }
}
