/// A value as the source's library gives it.
enum SourceValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case text(String)
  /// Bytes that are no UTF-8.
  case other
}
