/// A key was presented and the request was allowed. A request under a session is none: its user logged in when
/// the key was exchanged for it.
public struct UserLoggedIn: AccessSignal {
  public static let name = "user_logged_in"
  public let event: AccessEvent

  public init(event: AccessEvent) { self.event = event }

  public func encode(to encoder: any Encoder) throws { try event.encode(to: encoder) }
}

/// A session was ended by its user.
public struct UserLoggedOut: AccessSignal {
  public static let name = "user_logged_out"
  public let event: AccessEvent

  public init(event: AccessEvent) { self.event = event }

  public func encode(to encoder: any Encoder) throws { try event.encode(to: encoder) }
}

/// A request was denied; `event.reason` says why.
public struct AuthenticationFailed: AccessSignal {
  public static let name = "authentication_failed"
  public let event: AccessEvent

  public init(event: AccessEvent) { self.event = event }

  public func encode(to encoder: any Encoder) throws { try event.encode(to: encoder) }
}

/// A request was denied because a limit was reached.
public struct RateLimited: AccessSignal {
  public static let name = "rate_limited"
  public let event: AccessEvent

  public init(event: AccessEvent) { self.event = event }

  public func encode(to encoder: any Encoder) throws { try event.encode(to: encoder) }
}

/// A listener threw or hung, its mailbox overflowed, or a durable subscription gave up on a signal.
public struct ListenerFailed: Signal {
  public static let name = "listener_failed"
  /// The listener's id.
  public let listener: String
  /// The wire name of the signal that it was given.
  public let signal: String
  public let failure: Failure
  /// How often it has failed in this way so far.
  public let count: Int64

  public init(listener: String, signal: String, failure: Failure, count: Int64) {
    self.listener = listener
    self.signal = signal
    self.failure = failure
    self.count = count
  }

  public enum Failure: String, Sendable, Encodable {
    case threw, overflowed
    /// It has been busy with one signal for longer than ``KernelConfiguration/listenerDeadline``.
    case hung
    /// A durable subscription tried often enough: the signal is a dead letter now.
    case buried
    /// It gets nothing: it asks for durable delivery, and the store keeps no cursors; or it is a webhook's endpoint
    /// whose record can't be read.
    case undeliverable
  }

  private enum CodingKeys: String, CodingKey { case listener, signal, failure, count }
}
