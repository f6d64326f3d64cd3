import CardeaLifecycle
import CardeaMemoryStore
import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct FaultyCursorsTests {
  @Test(arguments: FaultyCursors.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyCursors.Fault) async {
    #expect(await broken(.durable) { FaultyCursors(fault: fault) } == fault.breaks)
  }

  /// The same keys again, with their cursors or without.
  @Test(arguments: [true, false]) func oneThatForgetsIsFound(forgets: Bool) async {
    let promises = StorePromises(powers: [.persists, .durable]) {
      let store = FaultyCursors(fault: nil)
      return StoreUnderTest(
        store,
        again: {
          FaultyCursors(fault: nil, store.base, cursors: forgets ? MemoryStore() : store.cursors)
        })
    }.all.filter { $0.name == "keeps everything when it is closed and opened again" }
    #expect(promises.count == 1)
    #expect(await broken(promises).isEmpty == !forgets)
  }

  @Test func aStoreWithoutCursorsIsFound() async {
    let promises = StorePromises(powers: [.durable]) {
      StoreUnderTest(FaultyStore(fault: nil, MemoryStore()))
    }.all
    #expect(await broken(promises).count == 6)
  }
}

/// The memory store, with one thing wrong about its cursors.
struct FaultyCursors: DurableKeyStore, MemoryBacked {
  enum Fault: PlantedFault {
    case neverLetsGo, letsEverybody, stepsFromAnywhere, losesLetters, replaysForEver

    var breaks: Set<String> {
      switch self {
      case .neverLetsGo: ["lets one holder have a subscription until its claim runs out"]
      case .letsEverybody:
        [
          "lets one holder have a subscription until its claim runs out",
          "lets exactly one of several that claim at once have it",
          "moves a cursor for its holder, from where it stands, else not at all",
        ]
      case .stepsFromAnywhere:
        ["moves a cursor for its holder, from where it stands, else not at all"]
      case .losesLetters:
        [
          "keeps dead letters, lists them page by page, and drops what is settled",
          "marks dead letters to be delivered once more, until one is buried again",
        ]
      case .replaysForEver:
        ["marks dead letters to be delivered once more, until one is buried again"]
      }
    }
  }

  let fault: Fault?
  let base: MemoryStore
  /// Where the cursors are: with the keys, unless told otherwise.
  let cursors: MemoryStore

  init(fault: Fault?, _ base: MemoryStore = MemoryStore(), cursors: MemoryStore? = nil) {
    self.fault = fault
    self.base = base
    self.cursors = cursors ?? base
  }

  func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64? {
    cursors.claim(
      SubscriptionClaim(
        name: claim.name, holder: fault == .letsEverybody ? "all" : claim.holder, now: claim.now,
        until: fault == .neverLetsGo ? .latest : claim.until, start: claim.start))
  }

  func advance(_ step: SubscriptionStep) async throws(StoreError) {
    var from = step.from
    if fault == .stepsFromAnywhere,
      let record = cursors.subscriptions().first(where: { $0.name == step.name })
    {
      from = record.position
    }
    var buried = fault == .losesLetters ? nil : step.buried
    if fault == .replaysForEver, step.from == step.to { buried?.isReplayed = true }
    try cursors.advance(
      SubscriptionStep(
        name: step.name, holder: fault == .letsEverybody ? "all" : step.holder, from: from,
        to: step.to, buried: buried, settled: step.settled))
  }

  func subscriptions() async throws(StoreError) -> [SubscriptionRecord] { cursors.subscriptions() }
  func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> [DeadLetter] {
    cursors.deadLetters(query)
  }
  func replay(subscription: String?, position: Int64?) async throws(StoreError) -> Int {
    cursors.replay(subscription: subscription, position: position)
  }
}
