import CardeaKernel

/// The answer to a verification: `{"valid": true, "key": …}`, with a `session` if the token was one's, or
/// `{"valid": false, "code": …}`.
///
/// The code is the exact reason: only callers who may verify get to see it.
public enum VerifyResource: Encodable, Sendable {
  case valid(KeyResource, SessionFacts?)
  case invalid(Denial.Reason)

  private enum CodingKeys: String, CodingKey { case valid, key, session, code }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .valid(let key, let session):
      try container.encode(true, forKey: .valid)
      try container.encode(key, forKey: .key)
      try container.encodeIfPresent(session.map { SessionResource($0) }, forKey: .session)
    case .invalid(let reason):
      try container.encode(false, forKey: .valid)
      try container.encode(reason.rawValue, forKey: .code)
    }
  }
}
