/// Where the request that a proxy asks about is told.
enum OriginalRequest: Sendable {
  /// In `X-Forwarded-Method` and `X-Forwarded-Uri`.
  case fields
  /// By the question itself.
  case told(method: String, target: String)
}
