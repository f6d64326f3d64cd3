import CardeaKernel

/// The answer to a verification: `{"valid": true, "key": …}` or `{"valid": false, "code": …}`.
///
/// The code is the exact reason: only callers who may verify get to see it.
public enum VerifyResource: Encodable, Sendable {
  case valid(KeyResource)
  case invalid(Denial.Reason)

  private enum CodingKeys: String, CodingKey { case valid, key, code }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .valid(let key):
      try container.encode(true, forKey: .valid)
      try container.encode(key, forKey: .key)
    case .invalid(let reason):
      try container.encode(false, forKey: .valid)
      try container.encode(reason.rawValue, forKey: .code)
    }
  }
}
