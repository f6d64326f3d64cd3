import CardeaContracts

/// A refusal or an error as `application/problem+json` (RFC 9457).
///
/// `type` is always `about:blank`: what went wrong is told by `code`, which is stable and meant for
/// programs. Never holds a token, nor any cause that the client should not know.
public struct Problem: Encodable, Sendable, Equatable, Error {
  /// The media type.
  public static let contentType = "application/problem+json"

  /// The HTTP status.
  public var status: Int
  /// The status in words.
  public var title: String
  /// A stable code: `insufficient_scope`.
  public var code: String
  /// What is wrong and what to do about it, for people.
  public var detail: String?
  /// The field of the request that it is about.
  public var field: String?
  /// The code of the policy that denied: `customer_retired`.
  public var policy: String?
  /// The scopes that were required and that the key does not grant.
  public var missingScopes: [String]?
  /// The id under which the server's logs name the request.
  public var requestID: String?

  public init(
    status: Int, code: String, title: String? = nil, detail: String? = nil, field: String? = nil,
    policy: String? = nil, missingScopes: [String]? = nil, requestID: String? = nil
  ) {
    self.status = status
    self.title = title ?? Problem.title(of: status)
    self.code = code
    self.detail = detail
    self.field = field
    self.policy = policy
    self.missingScopes = missingScopes
    self.requestID = requestID
  }

  private enum CodingKeys: String, CodingKey {
    case type, title, status, code, detail, field, policy
    case missingScopes = "missing_scopes"
    case requestID = "request_id"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Problem.type, forKey: .type)
    try container.encode(title, forKey: .title)
    try container.encode(status, forKey: .status)
    try container.encode(code, forKey: .code)
    try container.encodeIfPresent(detail, forKey: .detail)
    try container.encodeIfPresent(field, forKey: .field)
    try container.encodeIfPresent(policy, forKey: .policy)
    try container.encodeIfPresent(missingScopes, forKey: .missingScopes)
    try container.encodeIfPresent(requestID, forKey: .requestID)
  }

  /// The body: the same bytes for the same problem, on one line, names in order.
  ///
  /// Not by `JSONEncoder`, which takes longer than all else that a flood of refusals costs.
  public func body() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256)
    bytes.append(UInt8(ascii: "{"))
    LineJSON.append("code", code, to: &bytes)
    LineJSON.append("detail", detail, to: &bytes)
    LineJSON.append("field", field, to: &bytes)
    if let missingScopes {
      LineJSON.append(name: "missing_scopes", to: &bytes)
      bytes.append(UInt8(ascii: "["))
      for (index, scope) in missingScopes.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        LineJSON.append(scope, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    }
    LineJSON.append("policy", policy, to: &bytes)
    LineJSON.append("request_id", requestID, to: &bytes)
    LineJSON.append(name: "status", to: &bytes)
    bytes.append(contentsOf: String(status).utf8)
    LineJSON.append("title", title, to: &bytes)
    LineJSON.append("type", Problem.type, to: &bytes)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  private static let type = "about:blank"

  /// The reason phrases of RFC 9110, section 15, for the statuses in use (429, 431: RFC 6585).
  private static func title(of status: Int) -> String {
    switch status {
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 503: "Service Unavailable"
    default: "Error"
    }
  }
}
