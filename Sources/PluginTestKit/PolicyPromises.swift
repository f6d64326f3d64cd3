import CardeaContracts

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
