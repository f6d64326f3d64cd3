import CardeaContracts
import CardeaPluginTestKit
import Dispatch
import Testing

@Suite struct FaultyListenerTests {
  private func promises(_ make: @escaping @Sendable () -> FaultyListener) -> [Promise] {
    let at = SystemClock().now()
    return ListenerPromises(
      samples: [
        KeyCreated(at: at, actor: "cli", key: .sample(1, owner: "alice")),
        KeyCreated(at: at, actor: "cli", key: .sample(2)),
      ], received: { $0.count.value }, make
    ).all
  }

  @Test(arguments: [nil] + FaultyListener.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyListener.Fault?) async {
    let found = await broken(promises { FaultyListener(fault: fault) })
    #expect(found == (fault?.breaks ?? []))
  }

  @Test func aListenerThatHangsIsFound() async {
    let gate = DispatchSemaphore(value: 0)
    defer { for _ in 0..<1000 { gate.signal() } }
    let found = await Patience.$limit.withValue(.milliseconds(100)) {
      await broken(promises { FaultyListener(fault: nil, gate: gate) })
    }
    #expect(
      found == [
        "takes every sample without an error", "receives on a bus what is published, each once",
        "leaves its neighbours on the bus alone, even when it fails",
        "works from whatever thread its calls come",
      ])
  }
}

/// A listener of every signal is given the reports of its own failures too; a bus that reported the
/// failure to take those would never be idle again.
@Suite struct EverySignalListenerTests {
  private struct Counter: SignalListener {
    let id = "listener.every"
    let count = Box(0)

    func receive(_ signal: AnySignal) { count.update { $0 += 1 } }
  }

  static let promises = ListenerPromises(
    samples: [
      AnySignal(KeyCreated(at: SystemClock().now(), actor: "cli", key: .sample())),
      AnySignal(UserLoggedIn(event: .sample())),
    ], received: { $0.count.value }
  ) { Counter() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

/// Counts keys that were made, with one thing wrong.
struct FaultyListener: SignalListener {
  enum Fault: PlantedFault {
    case refusesOwnerless, countsTwice, stopsAtTen, sharedID

    var breaks: Set<String> {
      switch self {
      case .refusesOwnerless:
        [
          "takes every sample without an error", "receives on a bus what is published, each once",
          "works from whatever thread its calls come",
        ]
      case .countsTwice:
        [
          "takes every sample without an error", "receives on a bus what is published, each once",
          "works from whatever thread its calls come",
        ]
      case .stopsAtTen: ["receives on a bus what is published, each once"]
      case .sharedID: ["has a stable id, namespaced by kind"]
      }
    }
  }

  private struct NoOwner: Error {}

  let count = Box(0)
  private let fault: Fault?
  private let gate: DispatchSemaphore?

  init(fault: Fault?, gate: DispatchSemaphore? = nil) {
    self.fault = fault
    self.gate = gate
  }

  var id: String { fault == .sharedID ? "policy.counter" : "listener.counter" }

  func receive(_ signal: KeyCreated) throws {
    gate?.wait()
    if fault == .refusesOwnerless, signal.key.owner == nil { throw NoOwner() }
    if fault == .stopsAtTen, count.value >= 10 { return }
    count.value += fault == .countsTwice ? 2 : 1
  }
}
