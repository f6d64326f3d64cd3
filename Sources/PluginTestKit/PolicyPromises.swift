import CardeaKernel

/// A context, and what a policy should decide about it.
public struct PolicySample: Sendable {
  public let context: PolicyContext
  /// The code of the denial; `nil` if it should pass.
  public let code: String?

  private init(_ context: PolicyContext, code: String?) {
    self.context = context
    self.code = code
  }

  public static func passes(_ context: PolicyContext) -> PolicySample {
    PolicySample(context, code: nil)
  }

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

/// What a synchronous ``Policy`` promises.
///
/// ```swift
/// PolicyPromises(samples: [
///   .passes(.sample(.sample(owner: "alice"))),
///   .denies(.sample(.sample(owner: "eve")), code: "no_eve"),
/// ]) { NoEvePolicy() }.all
/// ```
public struct PolicyPromises: Sendable {
  private let make: @Sendable () throws -> any Policy
  private let samples: [PolicySample]

  /// - Parameters:
  ///   - samples: what a fresh policy decides about each; at least one that passes and one that
  ///     does not.
  ///   - make: makes a policy that has seen no request.
  public init(
    samples: [PolicySample], _ make: @escaping @Sendable () throws -> any Policy
  ) {
    self.make = make
    self.samples = samples
  }

  public var all: [Promise] {
    identityPromises(kind: "policy") { try make() } + [
      samplesCoverBoth(samples),
      Promise("decides every sample as its author says") {
        for sample in samples { try sample.judge(make().evaluate(sample.context)) }
      },
      Promise("counts nothing in a rehearsal, and decides there as it will") {
        for sample in samples {
          let policy = try make()
          var rehearsal = sample.context
          rehearsal.isRehearsal = true
          for _ in 0..<1_000 { try sample.judge(policy.evaluate(rehearsal)) }
          try sample.judge(policy.evaluate(sample.context))
        }
      },
      Promise("decides without an identity if it is asked before verification") {
        guard try make().stage == .beforeVerification else { return }
        for sample in samples {
          let context = PolicyContext(
            request: sample.context.request, prefix: sample.context.prefix, identity: nil,
            now: sample.context.now)
          try sample.judge(make().evaluate(context))
        }
      },
      Promise("can be asked from many threads at once") {
        let policy = try make()
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<8 {
            group.addTask {
              for _ in 0..<50 {
                for sample in samples {
                  guard case .deny(let denial) = try policy.evaluate(sample.context) else {
                    continue
                  }
                  try require(isName(denial.code), "\"\(denial.code)\" is not in snake_case")
                }
              }
            }
          }
          try await group.waitForAll()
        }
      },
      Promise("decides within its own deadline") {
        // The best of ten: what a busy machine adds is not the policy's.
        let policy = try make()
        let clock = ContinuousClock()
        for sample in samples {
          var best = Duration.seconds(3600)
          for _ in 0..<10 {
            best = min(best, try clock.measure { _ = try policy.evaluate(sample.context) })
          }
          try require(
            best <= policy.deadline, "it took \(best) of \(policy.deadline) at the least")
        }
      },
    ]
  }
}

/// What an ``AsyncPolicy`` promises.
public struct AsyncPolicyPromises: Sendable {
  private let make: @Sendable () throws -> any AsyncPolicy
  private let samples: [PolicySample]
  private let unconcerned: [Identity]

  /// - Parameters:
  ///   - samples: what a fresh policy decides about each; at least one that passes and one that
  ///     does not.
  ///   - unconcerned: keys about which it has nothing to say.
  ///   - make: makes a policy that has seen no request.
  public init(
    samples: [PolicySample], unconcerned: [Identity] = [],
    _ make: @escaping @Sendable () throws -> any AsyncPolicy
  ) {
    self.make = make
    self.samples = samples
    self.unconcerned = unconcerned
  }

  public var all: [Promise] {
    identityPromises(kind: "policy") { try make() } + [
      samplesCoverBoth(samples),
      Promise("decides every sample as its author says") {
        for sample in samples {
          try await withinPatience(of: "evaluate") {
            try sample.judge(try await make().evaluate(sample.context))
          }
        }
      },
      Promise("applies to the keys that it denies, and to no others") {
        let policy = try make()
        for sample in samples where sample.code != nil {
          let identity = try require(
            sample.context.identity, "a sample has no identity; it is asked after verification")
          try require(
            policy.applies(to: identity),
            "it says that it does not apply to \(identity.prefix), which it denies")
        }
        for identity in unconcerned {
          try require(!policy.applies(to: identity), "it applies to \(identity.prefix)")
        }
      },
      Promise("can be asked by many tasks at once") {
        let policy = try make()
        try await withinPatience(of: "evaluate") {
          try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
              for sample in samples {
                group.addTask { _ = try await policy.evaluate(sample.context) }
              }
            }
            try await group.waitForAll()
          }
        }
      },
      Promise("has a deadline that a client would wait for") {
        let deadline = try make().deadline
        try require(
          deadline > .zero && deadline <= .seconds(30), "the deadline is \(deadline)")
      },
    ]
  }
}

private func samplesCoverBoth(_ samples: [PolicySample]) -> Promise {
  Promise("has a sample that passes and one that is denied") {
    try require(samples.contains { $0.code == nil }, "no sample passes")
    try require(samples.contains { $0.code != nil }, "no sample is denied")
  }
}
