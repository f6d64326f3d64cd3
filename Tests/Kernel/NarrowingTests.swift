import CardeaLifecycle
import CardeaMemoryStore
import CardeaTestSupport
import Testing

/// S5: whatever policies say, they take away and never give.
@Suite struct NarrowingTests {
  private struct Mood: Error {}

  /// What a made-up policy does about a request.
  private enum Deed: CaseIterable {
    case pass, within, forbid, limit, limitWithTimes, fail

    var allows: Bool { self == .pass || self == .within }

    func decision() throws -> PolicyDecision {
      let state = LimitState(
        name: "made-up", quota: 5, window: .seconds(60), remaining: 5, resetsAfter: .seconds(1))
      switch self {
      case .pass: return .pass
      case .within: return .within([state])
      case .forbid: return .deny(PolicyDenial(code: "forbidden_here"))
      case .limit: return .deny(PolicyDenial(code: "slow_down", status: .tooManyRequests))
      case .limitWithTimes:
        return .deny(
          PolicyDenial(
            code: "slow_down", status: .tooManyRequests, retryAfter: .seconds(9), limits: [state]))
      case .fail: throw Mood()
      }
    }
  }

  /// A policy whose mind follows from its seed, the key's prefix and the path: the same question has the same answer.
  private struct MadeUp {
    enum Stage: CaseIterable { case before, after, asynchronous }

    let number: Int
    let seed: UInt64
    let stage: Stage

    func deed(_ prefix: String, _ path: String) -> Deed {
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
      for byte in (prefix + path).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      var random = SplitMix64(seed: hash)
      // Most pass, so that several of them together let something through.
      if Int.random(in: 0..<10, using: &random) < 6 { return .pass }
      return Deed.allCases.randomElement(using: &random) ?? .pass
    }

    func register(in registry: inout Registry) {
      let id = "policy.made-up-\(number)"
      switch stage {
      case .before:
        registry.use(policy: id, at: .beforeVerification, deadline: .seconds(60)) {
          try deed($0.prefix, $0.request.path).decision()
        }
      case .after:
        registry.use(policy: id, at: .afterVerification, deadline: .seconds(60)) {
          try deed($0.prefix, $0.request.path).decision()
        }
      case .asynchronous: registry.use(Asks(id: id, policy: self))
      }
    }
  }

  private struct Asks: AsyncPolicy {
    let id: String
    let policy: MadeUp
    var deadline: Duration { .seconds(60) }
    func evaluate(_ context: PolicyContext) async throws -> PolicyDecision {
      await Task.yield()
      return try policy.deed(context.prefix, context.request.path).decision()
    }
  }

  /// Keys in every state, and tokens that are none.
  private func tokens(_ rig: Rig) async throws -> [Secret] {
    func key(_ name: String, _ fill: (inout NewKey) -> Void = { _ in }) async throws -> IssuedKey {
      try await rig.key(name) {
        $0.scopes = ["a"]
        $0.owner = OwnerReference(name: "alice")
        $0.expiry = .after(.seconds(3_600))
        fill(&$0)
      }
    }
    var all = [try await key("whole"), try await key("other")]
    all.append(try await key("scopeless") { $0.scopes = [] })
    all.append(try await key("classed") { $0.keyClass = "internal" })
    all.append(
      try await key("free") {
        $0.owner = nil; $0.expiry = .never; $0.scopes = ["*"]
      })
    let orphan = try await key("orphan") { $0.owner = OwnerReference(name: "gone") }
    _ = try await rig.kernel.disableOwner(try #require(orphan.stored.owner).id, by: .host)
    all.append(orphan)
    let ended = [try await key("suspended"), try await key("revoked"), try await key("purged")]
    _ = try await rig.kernel.suspendKey(ended[0].stored.key.id, by: .host)
    _ = try await rig.kernel.revokeKey(ended[1].stored.key.id, by: .host)
    _ = try await rig.kernel.purgeKey(ended[2].stored.key.id, by: .host)
    all += ended
    all.append(try await key("expired") { $0.expiry = .after(.seconds(1)) })
    rig.clock.advance(.seconds(2))
    var tokens = all.map(\.token)
    tokens.append(try await rig.rotated(all[1]).token)
    return tokens + [Secret("nonsense".utf8), Secret("tok_NOBODY00:x".utf8)]
  }

  /// What an identity lets its bearer do.
  private func powers(_ identity: Identity) -> String {
    "\(identity.keyID) \(identity.prefix) \(identity.scopes) \(identity.keyClass) "
      + "\(identity.owner ?? "-") \(String(describing: identity.ownerID)) "
      + "\(String(describing: identity.expiresAt)) \(identity.metadata)"
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func whatPoliciesAllowIsASubset(_ seed: UInt64) async throws {
    func unlimited(_ configuration: inout KernelConfiguration) {
      configuration.failedPerAddress = nil
      configuration.failedPerPrefixAndAddress = nil
    }
    var random = SplitMix64(seed: seed)
    let policies = (0..<Int.random(in: 1...5, using: &random)).map { number in
      MadeUp(
        number: number, seed: random.next(),
        stage: MadeUp.Stage.allCases.randomElement(using: &random) ?? .after)
    }
    let store = MemoryStore()
    let clock = HandClock()
    let free = try await Rig(store: store, clock: clock, configure: unlimited)
    let bound = try await Rig(store: store, clock: clock, configure: unlimited) {
      for policy in policies { policy.register(in: &$0) }
    }
    var allowed = 0
    var denied = 0
    for token in try await tokens(free) {
      for path in ["/orders", "/admin", "/", ""] {
        for requirement in [
          Requirement.none, Requirement(scopes: ["a"]), Requirement(keyClass: "internal"),
        ] {
          var call = Call(token)
          call.path = path
          let without = await free.kernel.authenticate(call, requiring: requirement)
          let place: Comment = "seed \(seed), \(path), \(requirement)"
          // Cold, and then from memory where that is enough.
          for _ in 0..<2 {
            let verdict = await bound.kernel.authenticate(call, requiring: requirement)
            guard let identity = verdict.identity else {
              let denial = try #require(verdict.denial)
              if without.identity == nil {
                // Who is no one is told no more than before, but may be turned away sooner.
                #expect(
                  denial.reason == without.denial?.reason
                    || [.policyDenied, .rateLimited, .failed].contains(denial.reason), place)
                if without.denial?.verified != true { #expect(!denial.verified, place) }
                if !denial.verified { #expect(denial.category != .forbidden, place) }
              } else {
                #expect([.policyDenied, .rateLimited, .failed].contains(denial.reason), place)
                denied += 1
                let prefix = without.identity?.prefix ?? ""
                #expect(policies.contains { !$0.deed(prefix, path).allows }, place)
              }
              continue
            }
            allowed += 1
            let base = try #require(without.identity, "allowed by policies alone; \(place)")
            #expect(powers(identity) == powers(base), place)
            // Nobody said no.
            for policy in policies {
              #expect(policy.deed(identity.prefix, path).allows, "\(policy); \(place)")
            }
          }
        }
      }
    }
    #expect(allowed + denied > 0, "the lattice was not exercised")
  }
}
