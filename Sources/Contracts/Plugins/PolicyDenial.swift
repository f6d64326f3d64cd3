/// Why a policy denies, and what the client is told.
public struct PolicyDenial: Sendable, Equatable {
  /// A stable code of the policy's own, such as `customer_retired`.
  public var code: String
  /// 403, or 429 for limits.
  public var status: Status
  /// How long the client should wait.
  public var retryAfter: Duration?
  /// For 429: what is left of each limit that applied. A client without a verified key does not see it.
  public var limits: [LimitState]

  /// The HTTP statuses that a policy may deny with.
  public enum Status: Int, Sendable { case forbidden = 403, tooManyRequests = 429 }

  public init(
    code: String, status: Status = .forbidden, retryAfter: Duration? = nil,
    limits: [LimitState] = []
  ) {
    self.code = code
    self.status = status
    self.retryAfter = retryAfter
    self.limits = limits
  }
}
