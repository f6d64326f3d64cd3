/// How a subscription is given its signals.
public struct Delivery<Received: Signal>: Sendable {
  enum Mode: Sendable {
    case inline
    case queue(bound: Int, overflow: Overflow)
  }

  let mode: Mode

  /// On a serial `DispatchQueue` of the subscription's own, in publish order, through a mailbox of at
  /// most `bound` signals.
  public static func queue(bound: Int, overflow: Overflow) -> Delivery {
    Delivery(mode: .queue(bound: max(1, bound), overflow: overflow))
  }
}

extension Delivery where Received: ChangeSignal {
  /// On the publishing thread, before the change returns. It delays that change, so keep it short; it can't
  /// delay a verdict, since access signals have no inline delivery.
  public static var inline: Delivery { Delivery(mode: .inline) }
}

/// What a full mailbox does. Every signal that is dropped is counted and reported as ``ListenerFailed``.
public enum Overflow: Sendable {
  /// The signals that waited longest go.
  case dropOldest
  /// The signal that does not fit goes.
  case dropNewest
}
