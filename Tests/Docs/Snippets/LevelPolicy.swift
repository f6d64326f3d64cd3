import CardeaContracts

/// A key whose metadata has a `level` needs at least the policy's.
public struct LevelPolicy: Policy, MetadataChecking {
  public let id = "policy.level"
  let least: Int

  public func check(metadata: [String: JSONValue]) throws(MetadataFault) {
    _ = try metadata.integer("level")
  }

  public func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
    guard let level = try context.identity?.metadata.integer("level") else { return .pass }
    return level >= least ? .pass : .deny(PolicyDenial(code: "low_level"))
  }
}
