import CardeaContracts

/// Asks the host how many calls an owner has left today.
public struct CallsLeftPolicy: AsyncPolicy {
  public let id = "policy.calls_left"
  private let callsLeft: @Sendable (_ owner: String) async throws -> Int

  public init(callsLeft: @escaping @Sendable (_ owner: String) async throws -> Int) {
    self.callsLeft = callsLeft
  }

  public func applies(to identity: Identity) -> Bool { identity.owner != nil }

  public func evaluate(_ context: PolicyContext) async throws -> PolicyDecision {
    guard let owner = context.identity?.owner, try await callsLeft(owner) <= 0 else {
      return .pass
    }
    let denial = PolicyDenial(
      code: "quota_exhausted", status: .tooManyRequests, retryAfter: .seconds(60))
    return .deny(denial)
  }
}
