import CardeaLifecycle
import CardeaMemoryStore
import CardeaPluginTestKit
import CardeaTestSupport
import Foundation
import Testing

@Suite struct FaultyNodesTests {
  @Test(arguments: FaultyNodes.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyNodes.Fault) async {
    let promises = StorePromises(powers: [.shared, .nodes]) {
      let group = NodeGroup()
      return StoreUnderTest(
        FaultyNodes(fault, group), again: { FaultyNodes(fault, group, isFirst: false) })
    }
    // What never shows is not waited for as long as usual.
    let found = await Patience.$limit.withValue(.milliseconds(400)) { await broken(promises.all) }
    #expect(found == fault.breaks, "\(found)")
  }

  @Test func aStoreThatKnowsNoNodesIsFound() async {
    let promises = StorePromises(powers: [.nodes]) {
      StoreUnderTest(MemoryStore(), again: { MemoryStore() })
    }
    #expect(await broken(promises.all).count == 9)
  }
}

/// One of several nodes in memory, with one thing wrong about it.
struct FaultyNodes: ManyNodeStore {
  enum Fault: PlantedFault {
    case listsNobody, listsWhoOnlyPolls, forgetsTheLease, listsInAnyOrder, mergesNames
    case confirmsWhatItGave, confirmsForAll, neverSilent, silentForEver, keepsWhoLeft
    case followsAnyLog, beginsAtNothing, tellsNoTime, hasItsOwnTime, saysTwoLines

    var breaks: Set<String> {
      let named = "names a node that has joined and polled, as it introduced itself"
      let ordered = "lists nodes by name"
      let applied =
        "takes for confirmed what a node has polled after, and nothing that it was given"
      let silence = "counts a node's silence from its last poll"
      let leaving = "takes out a node that closes, and no other"
      let history = "follows no log that lacks what was applied, until it is told to begin anew"
      let time = "tells the time once it was polled, which never goes back"
      let apart = "keeps apart nodes that carry one name"
      return switch self {
      case .listsNobody: [named, ordered, apart, applied, silence, leaving]
      case .listsWhoOnlyPolls: [named, apart, leaving]
      case .forgetsTheLease: [named, silence, leaving]
      case .listsInAnyOrder: [ordered]
      case .mergesNames: [apart]
      case .confirmsWhatItGave, .confirmsForAll: [applied]
      case .neverSilent, .silentForEver: [silence]
      case .keepsWhoLeft: [leaving]
      case .followsAnyLog, .beginsAtNothing: [history]
      case .tellsNoTime, .hasItsOwnTime: [time]
      case .saysTwoLines:
        ["says what is to be known of it in lines, the same when nothing has changed"]
      }
    }
  }

  let fault: Fault
  let group: NodeGroup
  let isFirst: Bool
  private let base: NodeStore
  private let began = SystemClock().monotonic()

  init(_ fault: Fault, _ group: NodeGroup, isFirst: Bool = true) {
    self.fault = fault
    self.group = group
    self.isFirst = isFirst
    base = NodeStore(group)
  }

  let id = "store.faulty"

  // MARK: Nodes

  func join(_ node: NodeCard, wake: @escaping @Sendable () -> Void) throws(StoreError) {
    try base.join(node, wake: wake)
  }

  func nodes() throws(StoreError) -> [NodeStatus] {
    let nodes = try base.nodes()
    switch fault {
    case .listsNobody: return []
    case .listsInAnyOrder: return nodes.reversed()
    case .mergesNames:
      return nodes.enumerated().filter { index, status in
        !nodes[..<index].contains { $0.node.name == status.node.name }
      }.map(\.element)
    case .confirmsForAll:
      let most = nodes.map(\.applied).max() ?? 0
      return nodes.map { NodeStatus(node: $0.node, applied: most, silence: $0.silence) }
    case .forgetsTheLease:
      return nodes.map { status in
        let node = status.node
        return NodeStatus(
          node: NodeCard(id: node.id, name: node.name, lease: .zero, version: node.version),
          applied: status.applied, silence: status.silence)
      }
    case .neverSilent:
      return nodes.map { NodeStatus(node: $0.node, applied: $0.applied, silence: .zero) }
    case .silentForEver:
      let since = Duration.nanoseconds(Int64(SystemClock().monotonic() &- began))
      return nodes.map { NodeStatus(node: $0.node, applied: $0.applied, silence: since) }
    default: return nodes
    }
  }

  func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    switch fault {
    case .listsWhoOnlyPolls where group.joined.count == 1:
      group.add(NodeCard(id: UUID(), name: "zero", lease: .seconds(1), version: "1.0"))
      return try base.poll(after: position, limit: limit)
    case .confirmsWhatItGave:
      let marks = try base.poll(after: position, limit: limit)
      if let last = marks.last { _ = try base.poll(after: last.position, limit: 0) }
      return marks
    case .followsAnyLog:
      return try base.poll(after: min(position, try base.logHead().position), limit: limit)
    default: return try base.poll(after: position, limit: limit)
    }
  }

  func forgetHistory() throws(StoreError) -> Int64 {
    let position = try base.forgetHistory()
    return fault == .beginsAtNothing ? 0 : position
  }

  var storeTime: Timestamp? {
    switch fault {
    case .tellsNoTime: nil
    case .hasItsOwnTime where isFirst: base.storeTime?.adding(.seconds(7_200))
    default: base.storeTime
    }
  }

  var cautions: [String] { fault == .saysTwoLines ? ["one line\nand another"] : base.cautions }

  // MARK: The rest

  func open() throws(StoreError) { try base.open() }
  func close() { if fault != .keepsWhoLeft { base.close() } }
  func find(prefix: String) async throws(StoreError) -> StoredKey? {
    try await base.find(prefix: prefix)
  }
  func find(id: UUID) throws(StoreError) -> StoredKey? { try base.find(id: id) }
  func keys(_ query: KeyQuery) throws(StoreError) -> Page<StoredKey> { try base.keys(query) }
  func owner(id: UUID) throws(StoreError) -> OwnerRecord? { try base.owner(id: id) }
  func owner(kind: OwnerRecord.Kind, name: String) throws(StoreError) -> OwnerRecord? {
    try base.owner(kind: kind, name: name)
  }
  func owners(_ query: OwnerQuery) throws(StoreError) -> Page<OwnerRecord> {
    try base.owners(query)
  }
  func commit(_ change: StoreChange) throws(StoreError) -> Int64 { try base.commit(change) }
  func record(_ usage: [KeyUsage]) throws(StoreError) { try base.record(usage) }
  func idempotency(actor: String, key: String) throws(StoreError) -> IdempotencyRecord? {
    try base.idempotency(actor: actor, key: key)
  }
  func log(after position: Int64, limit: Int) throws(StoreError) -> [LogEntry] {
    try base.log(after: position, limit: limit)
  }
  func logHead() throws(StoreError) -> LogHead { try base.logHead() }
}
