import CardeaContracts

/// A key whose metadata says `"read_only": true` may only read.
public struct ReadOnlyKeyPolicy: Policy {
  public let id = "policy.read_only_key"

  public init() {}

  public func evaluate(_ context: PolicyContext) -> PolicyDecision {
    guard context.identity?.metadata["read_only"] == .bool(true) else { return .pass }
    switch context.request.method {
    case "GET", "HEAD", "OPTIONS": return .pass
    // Also the empty one: a proxy asked and did not say which.
    default: return .deny(PolicyDenial(code: "read_only_key"))
    }
  }
}
