import CardeaContracts
import HTTPTypes

/// A denial as an HTTP response: head and problem+json body.
///
/// Every 401 is the same bytes whatever was wrong, so the request's id is in its header only.
public struct Refusal: Sendable {
  /// What the body says.
  public let problem: Problem
  /// Status and fields.
  public let head: HTTPResponse
  /// The problem as JSON, made when it is asked for.
  public var body: [UInt8] { problem.body() }

  /// `WWW-Authenticate` of every 401.
  public static let challenge = "Api-Key realm=\"cardea\""

  public init(_ denial: Denial, texts: RefusalTexts = .standard, requestID: String? = nil) {
    let status = denial.status
    let text = texts.text(for: denial)
    let problem =
      status == 401
      ? Problem(status: 401, code: "unauthenticated", detail: text)
      : Problem(
        status: status, code: denial.reason.rawValue, detail: text, policy: denial.policy?.code,
        missingScopes: denial.missingScopes.isEmpty ? nil : denial.missingScopes,
        requestID: requestID)
    // Never on a 401: that a policy named a time would tell it from the others.
    let retryAfter = status == 429 || status == 503 ? denial.retryAfter ?? .seconds(1) : nil
    // To whom a stranger's limits belong nobody knows.
    let limits = status == 429 && denial.verified ? denial.limits : []
    self.init(problem, retryAfter: retryAfter, limits: limits, requestID: requestID)
  }

  /// - Parameters:
  ///   - retryAfter: written as whole seconds, rounded up, at least 1 (RFC 9110, section 10.2.3).
  ///   - limits: written as `RateLimit-Policy` and `RateLimit`.
  ///   - requestID: for the `X-Request-Id` header.
  public init(
    _ problem: Problem, retryAfter: Duration? = nil, limits: [LimitState] = [],
    requestID: String? = nil
  ) {
    var fields = HTTPFields()
    fields[.contentType] = Problem.contentType
    fields[.cacheControl] = "no-store"
    fields[.xContentTypeOptions] = "nosniff"
    if problem.status == 401 { fields[.wwwAuthenticate] = Refusal.challenge }
    if let retryAfter { fields[.retryAfter] = String(retryAfter.wholeSeconds) }
    fields.add(limits)
    if let requestID { fields[.xRequestID] = requestID }
    head = HTTPResponse(
      status: HTTPResponse.Status(code: problem.status, reasonPhrase: problem.title),
      headerFields: fields)
    self.problem = problem
  }
}
