import CardeaLifecycle

/// The answer to a verification: `{"valid": true, "key": …}`, with a `session` if the token was one's, or
/// `{"valid": false, "code": …}`; with `"explain": {"decided_by", "checks": […]}` if that was asked for.
///
/// The code is the exact reason: only callers who may verify get to see it.
public struct VerifyResource: Encodable, Sendable {
  /// What was found of the token.
  public enum Finding: Sendable {
    case valid(KeyResource, SessionFacts?)
    case invalid(Denial.Reason)
  }

  private let finding: Finding
  private let explanation: Explanation?

  public init(_ finding: Finding, _ explanation: Explanation? = nil) {
    self.finding = finding
    self.explanation = explanation
  }

  private enum CodingKeys: String, CodingKey { case valid, key, session, code, explain }

  private struct Explained: Encodable {
    let checks: [Explanation.Check]
    let decidedBy: String?

    private enum CodingKeys: String, CodingKey {
      case checks
      case decidedBy = "decided_by"
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch finding {
    case .valid(let key, let session):
      try container.encode(true, forKey: .valid)
      try container.encode(key, forKey: .key)
      try container.encodeIfPresent(session.map { SessionResource($0) }, forKey: .session)
    case .invalid(let reason):
      try container.encode(false, forKey: .valid)
      try container.encode(reason.rawValue, forKey: .code)
    }
    let explained = explanation.map {
      Explained(checks: $0.checks, decidedBy: $0.decidedBy?.name)
    }
    try container.encodeIfPresent(explained, forKey: .explain)
  }
}
