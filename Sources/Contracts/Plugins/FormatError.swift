/// Why a format can't build a token.
public enum FormatError: Error, Sendable, Equatable {
  /// A setting is outside what the format can write.
  case invalid(field: String, reason: String)
}
