import CardeaContracts
import HTTPTypes

extension HTTPFields {
  /// Adds `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11): what is left
  /// of each limit that applied. For answers to a verified key only; nothing without limits.
  public mutating func add(_ limits: [LimitState]) {
    if limits.isEmpty { return }
    self[.rateLimitPolicy] = limits.map { limit in
      "\"\(limit.name)\";q=\(limit.quota);w=\(limit.window.wholeSeconds)"
    }.joined(separator: ", ")
    self[.rateLimit] = limits.map { limit in
      "\"\(limit.name)\";r=\(limit.remaining);t=\(limit.resetsAfter.wholeSeconds)"
    }.joined(separator: ", ")
  }
}

extension HTTPField.Name {
  package static let rateLimitPolicy = Self(known: "RateLimit-Policy")
  package static let rateLimit = Self(known: "RateLimit")
}

extension Duration {
  /// Seconds as header fields have them: rounded up, at least 1.
  var wholeSeconds: Int64 {
    let (seconds, attoseconds) = components
    return max(1, attoseconds > 0 && seconds < Int64.max ? seconds + 1 : seconds)
  }
}
