import CardeaContracts

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
