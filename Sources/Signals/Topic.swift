import Synchronization

/// The subscribers of one signal type on one bus.
///
/// Publishing with none reads one atomic. Threading: any thread.
public final class Topic<Received: Signal>: Sendable {
  @usableFromInline let count = Atomic<Int>(0)
  private let list = Locked(SubscriberList([]))

  private final class Subscriber: Sendable {
    let id: UInt64
    let receive: @Sendable (Received) -> Void

    init(_ id: UInt64, _ receive: @escaping @Sendable (Received) -> Void) {
      self.id = id
      self.receive = receive
    }
  }

  /// Whether anybody would receive a signal now.
  @usableFromInline
  var hasSubscribers: Bool {
    @inlinable @inline(__always) get { count.load(ordering: .relaxed) != 0 }
  }

  func add(_ id: UInt64, _ receive: @escaping @Sendable (Received) -> Void) {
    change { $0.append(Subscriber(id, receive)) }
  }

  func remove(_ id: UInt64) {
    change { $0.removeAll { unsafeDowncast($0, to: Subscriber.self).id == id } }
  }

  private func change(_ body: (inout [any AnyObject & Sendable]) -> Void) {
    // The former list goes when the lock is free again: what a subscriber held may publish as it ends.
    _ = list.withLock { list in
      let former = list
      var subscribers = list.subscribers
      body(&subscribers)
      list = SubscriberList(subscribers)
      count.store(subscribers.count, ordering: .relaxed)
      return former
    }
  }

  /// Hands the signal to every subscriber, in order of subscription. No lock is held meanwhile, so a
  /// subscriber may publish, subscribe or unsubscribe.
  func send(_ signal: Received) {
    list.withLock { $0 }.forEach { unsafeDowncast($0, to: Subscriber.self).receive(signal) }
  }
}
