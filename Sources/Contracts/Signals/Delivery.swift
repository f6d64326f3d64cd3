#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How a subscription is given its signals.
public struct Delivery<Received: Signal>: Sendable {
  package enum Mode: Sendable {
    case inline
    case queue(bound: Int, overflow: Overflow)
    case durable(Durability)
  }

  /// What a durable subscription is made of.
  package struct Durability: Sendable {
    package let cursor: String
    package let attempts: Int
    package let backoff: Duration
    /// The signal of an entry of the log; `nil` if it is none for this subscription, or was erased.
    package let decode: @Sendable (LogEntry) throws -> Received?
  }

  package let mode: Mode

  /// On a serial `DispatchQueue` of the subscription's own, in publish order, through a mailbox of at
  /// most `bound` signals.
  public static func queue(bound: Int, overflow: Overflow) -> Delivery {
    Delivery(mode: .queue(bound: max(1, bound), overflow: overflow))
  }

  /// The cursor of a durable delivery.
  var durableCursor: String? {
    if case .durable(let durability) = mode { durability.cursor } else { nil }
  }

  fileprivate static func durable(
    _ cursor: String, _ attempts: Int, _ backoff: Duration,
    decode: @escaping @Sendable (LogEntry) throws -> Received?
  ) -> Delivery {
    Delivery(
      mode: .durable(
        Durability(
          cursor: cursor, attempts: max(1, attempts), backoff: max(.zero, backoff), decode: decode))
    )
  }
}

extension Delivery where Received: ChangeSignal {
  /// On the kernel's publishing queue, before the change returns. It delays that change and every one of this process
  /// after it, so keep it short, and never wait in it for another change: that would not end. It can't delay a
  /// verdict, since access signals have no inline delivery.
  public static var inline: Delivery { Delivery(mode: .inline) }

  /// From the signal log: every change since the cursor, at least once, in the log's order, also across crashes.
  ///
  /// A handler that throws is called again after `backoff`, then after twice that, and so on up to an hour; what
  /// follows waits meanwhile. After `attempts` calls the signal becomes a dead letter, which can be listed and
  /// replayed (``AuthKernel/deadLetters(_:)``), and the next one has its turn. Of all processes on one store
  /// one delivers at a time. What was purged meanwhile is passed over.
  /// - Parameters:
  ///   - cursor: names the place in the log, for good: one cursor per purpose. A new one begins at the log's end.
  ///   - attempts: calls before a signal is given up on.
  ///   - backoff: the pause before the second call.
  public static func durable(
    cursor: String, attempts: Int = 6, backoff: Duration = .seconds(1)
  ) -> Delivery {
    durable(cursor, attempts, backoff) { try Received.read(from: $0) }
  }
}

extension Delivery where Received == AnySignal {
  /// Every change of the signal log, as the delivery of that name has it for one type.
  public static func durable(
    cursor: String, attempts: Int = 6, backoff: Duration = .seconds(1)
  ) -> Delivery {
    durable(cursor, attempts, backoff) { entry in
      for type in SignalCatalogue.changes {
        if let signal = try type.read(from: entry) { return AnySignal(signal) }
      }
      return nil
    }
  }
}

extension ChangeSignal {
  /// The signal that an entry of the log holds; `nil` if it is of another type or was erased.
  static func read(from entry: LogEntry) throws -> Self? {
    guard entry.signal == name, let payload = entry.payload else { return nil }
    var signal = try JSONDecoder().decode(Self.self, from: Data(payload))
    signal.position = entry.position
    return signal
  }
}

/// What a full mailbox does. Every signal that is dropped is counted and reported as ``ListenerFailed``.
public enum Overflow: Sendable {
  /// The signals that waited longest go.
  case dropOldest
  /// The signal that does not fit goes.
  case dropNewest
}
