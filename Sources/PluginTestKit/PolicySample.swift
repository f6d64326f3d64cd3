import CardeaContracts

/// A context, and what a policy should decide about it.
public struct PolicySample: Sendable {
  /// What the policy is asked about.
  public let context: PolicyContext
  /// The code of the denial; `nil` if it should pass.
  public let code: String?

  private init(_ context: PolicyContext, code: String?) {
    self.context = context
    self.code = code
  }

  /// A request that is let in.
  public static func passes(_ context: PolicyContext) -> PolicySample {
    PolicySample(context, code: nil)
  }

  /// A request that is denied with this code.
  public static func denies(_ context: PolicyContext, code: String) -> PolicySample {
    PolicySample(context, code: code)
  }

  func judge(_ decision: PolicyDecision) throws {
    let who = context.identity?.prefix ?? context.prefix
    for limit in decision.limits {
      try require(
        LimitState.isValid(name: limit.name), "\"\(limit.name)\" can't be a limit's name")
      try require(limit.window > .zero, "the window of \(limit.name) is \(limit.window)")
    }
    switch (decision, code) {
    case (.pass, nil), (.within, nil): break
    case (.deny(let denial), let code?):
      try require(denial.code, is: code, "the code of the denial of \(who)")
      try require(isName(denial.code), "the code \"\(denial.code)\" is not in snake_case")
      try require(
        denial.retryAfter.map { $0 > .zero } ?? true, "it says to retry in no time")
    case (.pass, let code?), (.within, let code?): throw Broken("\(who) passes; \(code) was due")
    case (.deny(let denial), nil): throw Broken("\(who) is denied with \(denial.code)")
    }
  }
}

func samplesCoverBoth(_ samples: [PolicySample]) -> Promise {
  Promise("has a sample that passes and one that is denied") {
    try require(samples.contains { $0.code == nil }, "no sample passes")
    try require(samples.contains { $0.code != nil }, "no sample is denied")
  }
}
