import CardeaContracts
import CardeaPluginTestKit
import Testing

@Suite struct FaultyPolicyTests {
  private static let samples: [PolicySample] = [
    .passes(.sample(.sample(1, owner: "alice"))),
    .denies(.sample(.sample(2, owner: "eve")), code: "no_eve"),
  ]

  @Test(arguments: [nil] + FaultyPolicy.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyPolicy.Fault?) async {
    let promises = PolicyPromises(samples: Self.samples) { FaultyPolicy(fault: fault) }.all
    let found = await broken(promises)
    #expect(found == (fault?.breaks ?? []))
  }

  @Test func samplesThatShowNothingAreNoProof() async {
    let promises = PolicyPromises(samples: [Self.samples[0]]) { FaultyPolicy(fault: nil) }.all
    #expect(await broken(promises) == ["has a sample that passes and one that is denied"])
  }

  @Test(arguments: [nil] + FaultyAsyncPolicy.Fault.allCases)
  func aFaultyAsynchronousOneBreaksItsPromise(_ fault: FaultyAsyncPolicy.Fault?) async {
    let promises = AsyncPolicyPromises(
      samples: Self.samples, unconcerned: [.sample(3, owner: "root", ownerKind: .system)]
    ) { FaultyAsyncPolicy(fault: fault) }.all
    let found = await broken(promises)
    #expect(found == (fault?.breaks ?? []))
  }
}

/// Denies the keys of eve, with one thing wrong.
struct FaultyPolicy: Policy {
  enum Fault: PlantedFault {
    case letsEvePass, unstableCode, needsIdentity, noTime, throwsAtPlenty

    private static let rehearsal = "counts nothing in a rehearsal, and decides there as it will"

    var breaks: Set<String> {
      switch self {
      case .letsEvePass: ["decides every sample as its author says", Self.rehearsal]
      case .unstableCode:
        [
          "decides every sample as its author says", "can be asked from many threads at once",
          Self.rehearsal,
        ]
      case .needsIdentity: ["decides without an identity if it is asked before verification"]
      case .noTime: ["decides within its own deadline"]
      case .throwsAtPlenty: ["can be asked from many threads at once", Self.rehearsal]
      }
    }
  }

  private struct Plenty: Error {}

  let fault: Fault?
  let id = "policy.no_eve"
  private let count = Box(0)

  init(fault: Fault?) { self.fault = fault }

  var deadline: Duration { fault == .noTime ? .nanoseconds(1) : .milliseconds(100) }
  var stage: PolicyStage { fault == .needsIdentity ? .beforeVerification : .afterVerification }

  func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
    count.value += 1
    if fault == .throwsAtPlenty, count.value > 100 { throw Plenty() }
    guard context.identity?.owner == "eve", fault != .letsEvePass else { return .pass }
    return .deny(PolicyDenial(code: fault == .unstableCode ? "No eve!" : "no_eve"))
  }
}

/// The same by asking somebody else.
struct FaultyAsyncPolicy: AsyncPolicy {
  enum Fault: PlantedFault {
    case appliesToNone, appliesToAll, letsEvePass, noDeadline

    var breaks: Set<String> {
      switch self {
      case .appliesToNone, .appliesToAll: ["applies to the keys that it denies, and to no others"]
      case .letsEvePass: ["decides every sample as its author says"]
      case .noDeadline: ["has a deadline that a client would wait for"]
      }
    }
  }

  let fault: Fault?
  let id = "policy.no_eve"

  var deadline: Duration { fault == .noDeadline ? .zero : .milliseconds(250) }

  func applies(to identity: Identity) -> Bool {
    switch fault {
    case .appliesToNone: false
    case .appliesToAll: true
    default: identity.ownerKind == .user
    }
  }

  func evaluate(_ context: PolicyContext) async -> PolicyDecision {
    context.identity?.owner == "eve" && fault != .letsEvePass
      ? .deny(PolicyDenial(code: "no_eve")) : .pass
  }
}
