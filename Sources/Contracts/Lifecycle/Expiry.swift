/// When a key expires.
public enum Expiry: Sendable, Equatable {
  /// As configured (`keys.default_expiry`), clamped to the actor's own.
  case standard
  case never
  case after(Duration)
  case at(Timestamp)
}
