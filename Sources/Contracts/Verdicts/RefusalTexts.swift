/// What refused clients are told, where a service wants words of its own.
///
/// A stranger gets one text whatever was wrong with the token; ``missing`` sets apart only a request
/// that has none. The other texts may differ by reason, since who gets them holds a verified key or
/// learns nothing by them. With no text at all, status and code say enough.
public struct RefusalTexts: Sendable, Equatable {
  /// 401 without a token. Unset, it is ``unauthenticated``.
  public var missing: String?
  /// 401 with a token that is no good. Unset, it is ``missing``.
  public var unauthenticated: String?
  /// 403.
  public var forbidden: String?
  /// 429.
  public var limited: String?
  /// 503.
  public var unavailable: String?
  /// Texts for single reasons, over those above; for a reason that is answered 401 it is ignored.
  public var byReason: [Denial.Reason: String]

  public init(
    missing: String? = nil, unauthenticated: String? = nil, forbidden: String? = nil,
    limited: String? = nil, unavailable: String? = nil, byReason: [Denial.Reason: String] = [:]
  ) {
    self.missing = missing
    self.unauthenticated = unauthenticated
    self.forbidden = forbidden
    self.limited = limited
    self.unavailable = unavailable
    self.byReason = byReason
  }

  /// No texts.
  public static let standard = RefusalTexts()

  /// The text for this denial.
  public func text(for denial: Denial) -> String? {
    switch denial.category {
    case .unauthenticated:
      denial.reason == .missing ? missing ?? unauthenticated : unauthenticated ?? missing
    case .forbidden: byReason[denial.reason] ?? forbidden
    case .limited: byReason[denial.reason] ?? limited
    case .unavailable: byReason[denial.reason] ?? unavailable
    }
  }
}
