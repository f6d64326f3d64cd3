/// Why a session was not made or ended.
public enum SessionError: Error, Sendable, Equatable {
  /// As many sessions as may be remembered.
  case full
  /// Its scopes do not fit into a token.
  case tooLong
}
