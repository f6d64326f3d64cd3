import CardeaLifecycle
import CardeaMemoryStore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One store in memory that kernels of this process share as nodes: each has a ``NodeStore`` of its own.
public final class NodeGroup: Sendable {
  fileprivate let base = MemoryStore()
  fileprivate let clock: any KernelClock
  private let state = Locked(State())

  private struct Member: Sendable {
    let card: NodeCard
    let wake: @Sendable () -> Void
    var applied: Int64 = 0
    /// When it polled last (monotonic).
    var heard: UInt64
  }

  private struct State: Sendable {
    var members: [UUID: Member] = [:]
    var joined: [NodeCard] = []
    var isDeaf = false
    var isSilent = false
    var asked = 0
  }

  /// - Parameter clock: the store's own.
  public init(clock: any KernelClock = SystemClock()) { self.clock = clock }

  /// Whether no node is woken any more.
  public var isDeaf: Bool {
    get { state.withLock { $0.isDeaf } }
    set { state.withLock { $0.isDeaf = newValue } }
  }

  /// Whether it does not say any more who its nodes are.
  public var isSilent: Bool {
    get { state.withLock { $0.isSilent } }
    set { state.withLock { $0.isSilent = newValue } }
  }

  /// Every card that somebody joined with.
  public var joined: [NodeCard] { state.withLock { $0.joined } }

  /// How often it was asked for its nodes.
  public var asked: Int { state.withLock { $0.asked } }

  /// Somebody who takes part without a kernel, and is heard of only when told to.
  public func add(_ card: NodeCard, applied: Int64 = 0) {
    join(card) {}
    hear(card.id, applied)
  }

  fileprivate func join(_ card: NodeCard, _ wake: @escaping @Sendable () -> Void) {
    state.withLock { state in
      state.joined.append(card)
      state.members[card.id] = Member(card: card, wake: wake, heard: clock.monotonic())
    }
  }

  public func leave(_ id: UUID) { state.withLock { $0.members[id] = nil } }

  public func hear(_ id: UUID, _ position: Int64) {
    state.withLock { state in
      state.members[id]?.applied = position
      state.members[id]?.heard = clock.monotonic()
    }
  }

  fileprivate func nodes() throws(StoreError) -> [NodeStatus] {
    // The time is read under the lock: who polls meanwhile would be heard of later than now.
    let nodes = state.withLock { state -> [NodeStatus]? in
      state.asked += 1
      let now = clock.monotonic()
      return state.isSilent
        ? nil
        : state.members.values.map {
          NodeStatus(
            node: $0.card, applied: $0.applied, silence: .nanoseconds(Int64(now - $0.heard)))
        }
    }
    guard let nodes else { throw .unavailable("told to say nothing of nodes") }
    return nodes.filter { $0.silence < .seconds(3_600) }.sorted { $0.node.name < $1.node.name }
  }

  /// Wakes the others after a change.
  fileprivate func wake(but id: UUID?) {
    let wakes = state.withLock { state in
      state.isDeaf ? [] : state.members.filter { $0.key != id }.map(\.value.wake)
    }
    for wake in wakes { wake() }
  }
}

/// What one kernel sees of a ``NodeGroup``, with what may go wrong.
public final class NodeStore: ManyNodeStore, PluginRecordStore, AccessLogStore, BulkKeyStore {
  public enum Fault: Sendable {
    /// Polls fail, as if the node stood still between them; everything else gets through.
    case polls
    /// Nothing gets through.
    case everything
    /// The next poll finds another log than before.
    case otherHistory
  }

  private struct State: Sendable {
    var fault: Fault?
    var node: UUID?
    var hasPolled = false
    var cautions: [String] = []
    var polls = 0
    var attempts = 0
    /// What stood in the log before it became another, up to here.
    var forgotten: Int64 = 0
    var hold: (@Sendable () async -> Void)?
    var holdPoll: (@Sendable () -> Void)?
    var asked: (@Sendable () -> Void)?
  }

  public let id = "store.nodes"
  private let group: NodeGroup
  private let state = Locked(State())
  private var base: MemoryStore { group.base }

  public init(_ group: NodeGroup) { self.group = group }

  public var fault: Fault? {
    get { state.withLock { $0.fault } }
    set { state.withLock { $0.fault = newValue } }
  }

  public var cautions: [String] {
    get { state.withLock { $0.cautions } }
    set { state.withLock { $0.cautions = newValue } }
  }

  /// Polls so far that were answered.
  public var polls: Int { state.withLock { $0.polls } }

  /// Polls so far, answered or not.
  public var attempts: Int { state.withLock { $0.attempts } }

  /// Has the next reading by prefix wait before it is handed over.
  public func holdNextFind(_ hold: @escaping @Sendable () async -> Void) {
    state.withLock { $0.hold = hold }
  }

  /// Has the next poll that is answered wait between its look at the log and the moment from which the node counts as heard
  /// of.
  public func holdNextPoll(_ hold: @escaping @Sendable () -> Void) {
    state.withLock { $0.holdPoll = hold }
  }

  /// Has this called whenever somebody asks for the store's time.
  public func whenTimeIsAsked(_ asked: (@Sendable () -> Void)?) {
    state.withLock { $0.asked = asked }
  }

  private func reach() throws(StoreError) {
    if fault == .everything { throw .unavailable("told to be away") }
  }

  // MARK: Nodes

  public func join(_ node: NodeCard, wake: @escaping @Sendable () -> Void) throws(StoreError) {
    try reach()
    state.withLock { $0.node = node.id }
    group.join(node, wake)
  }

  public func nodes() throws(StoreError) -> [NodeStatus] {
    try reach()
    return try group.nodes()
  }

  public var storeTime: Timestamp? {
    let (hasPolled, asked) = state.withLock { ($0.hasPolled, $0.asked) }
    asked?()
    return hasPolled ? group.clock.now() : nil
  }

  public func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    state.withLock { $0.attempts += 1 }
    if fault == .otherHistory { throw .conflict }
    if fault != nil { throw .unavailable("told not to answer polls") }
    if base.logHead().position < position { throw .conflict }
    let begin = max(position, state.withLock { $0.forgotten })
    let marks = base.log(after: begin, limit: limit).map {
      LogMark(position: $0.position, signal: $0.signal, prefix: $0.prefix, ownerID: $0.ownerID)
    }
    let (node, hold) = state.withLock { state in
      defer { state.holdPoll = nil }
      state.hasPolled = true
      state.polls += 1
      return (state.node, state.holdPoll)
    }
    hold?()
    if let node { group.hear(node, position) }
    return marks
  }

  public func forgetHistory() throws(StoreError) -> Int64 {
    let end = base.logHead().position
    state.withLock { state in
      state.fault = nil
      state.forgotten = end
    }
    return end
  }

  // MARK: Keys and owners

  public func open() throws(StoreError) { try reach() }
  public func close() {
    if let node = state.withLock({ $0.node }) { group.leave(node) }
  }
  public func find(prefix: String) async throws(StoreError) -> StoredKey? {
    try reach()
    let found = base.find(prefix: prefix)
    let hold = state.withLock { state in
      defer { state.hold = nil }
      return state.hold
    }
    await hold?()
    return found
  }
  public func find(id: UUID) throws(StoreError) -> StoredKey? {
    try reach()
    return base.find(id: id)
  }
  public func keys(_ query: KeyQuery) throws(StoreError) -> Page<StoredKey> {
    try reach()
    return base.keys(query)
  }
  public func owner(id: UUID) throws(StoreError) -> OwnerRecord? {
    try reach()
    return base.owner(id: id)
  }
  public func owner(kind: OwnerRecord.Kind, name: String) throws(StoreError) -> OwnerRecord? {
    try reach()
    return base.owner(kind: kind, name: name)
  }
  public func owners(_ query: OwnerQuery) throws(StoreError) -> Page<OwnerRecord> {
    try reach()
    return base.owners(query)
  }
  public func commit(_ change: StoreChange) throws(StoreError) -> Int64 {
    try reach()
    let position = try base.commit(change)
    group.wake(but: state.withLock { $0.node })
    return position
  }
  public func commit(_ changes: [StoreChange]) -> [Result<Int64, StoreError>] {
    do throws(StoreError) { try reach() } catch { return changes.map { _ in .failure(error) } }
    defer { group.wake(but: state.withLock { $0.node }) }
    return base.commit(changes)
  }
  public func record(_ usage: [KeyUsage]) throws(StoreError) {
    try reach()
    base.record(usage)
  }
  public func idempotency(actor: String, key: String) throws(StoreError) -> IdempotencyRecord? {
    try reach()
    return base.idempotency(actor: actor, key: key)
  }
  public func hashUses(besides known: Set<String>) throws(StoreError) -> [HashUse] {
    try reach()
    return base.hashUses(besides: known)
  }

  // MARK: The signal log and its readers

  public func log(after position: Int64, limit: Int) throws(StoreError) -> [LogEntry] {
    try reach()
    return base.log(after: position, limit: limit)
  }
  public func logHead() throws(StoreError) -> LogHead {
    try reach()
    return base.logHead()
  }
  public func claim(_ claim: SubscriptionClaim) throws(StoreError) -> Int64? {
    try reach()
    return base.claim(claim)
  }
  public func advance(_ step: SubscriptionStep) throws(StoreError) {
    try reach()
    try base.advance(step)
  }
  public func subscriptions() throws(StoreError) -> [SubscriptionRecord] {
    try reach()
    return base.subscriptions()
  }
  public func deadLetters(_ query: DeadLetterQuery) throws(StoreError) -> [DeadLetter] {
    try reach()
    return base.deadLetters(query)
  }
  public func replay(subscription: String?, position: Int64?) throws(StoreError) -> Int {
    try reach()
    return base.replay(subscription: subscription, position: position)
  }

  // MARK: Records of plugins

  public func pluginRecords(_ collection: String) throws(StoreError) -> [PluginRecord] {
    try reach()
    return base.pluginRecords(collection)
  }
  public func put(_ record: PluginRecord, in collection: String) throws(StoreError) {
    try reach()
    try base.put(record, in: collection)
  }
  public func removeRecords(
    _ id: UUID, from collections: [String], subscription: String
  ) throws(StoreError) -> Bool {
    try reach()
    return base.removeRecords(id, from: collections, subscription: subscription)
  }

  // MARK: The access log

  public var dropsOldEntries: Bool { base.dropsOldEntries }
  public func append(_ batch: AccessBatch) throws(StoreError) -> AccessHead {
    try reach()
    return try base.append(batch)
  }
  public func accessHead(node: String) throws(StoreError) -> AccessHead {
    try reach()
    return base.accessHead(node: node)
  }
  public func accessHeads() throws(StoreError) -> [AccessHead] {
    try reach()
    return base.accessHeads()
  }
  public func accessLog(
    node: String, after position: Int64, limit: Int
  ) throws(StoreError) -> [AccessEntry] {
    try reach()
    return base.accessLog(node: node, after: position, limit: limit)
  }
  public func accessEntries(_ filter: LogFilter) throws(StoreError) -> [Numbered<AccessEntry>] {
    try reach()
    return base.accessEntries(filter)
  }
  public func signalEntries(_ filter: LogFilter) throws(StoreError) -> [Numbered<LogEntry>] {
    try reach()
    return base.signalEntries(filter)
  }
  public func prunable(before cutoff: Timestamp) throws(StoreError) -> PrunePlan {
    try reach()
    return base.prunable(before: cutoff)
  }
  public func pruneAccess(
    node: String, through position: Int64, limit: Int
  ) throws(StoreError) -> Int {
    try reach()
    return base.pruneAccess(node: node, through: position, limit: limit)
  }
  public func pruneSignals(through position: Int64, limit: Int) throws(StoreError) -> Int {
    try reach()
    return base.pruneSignals(through: position, limit: limit)
  }
  public func checkpoint(
    _ draft: @escaping @Sendable (Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) throws(StoreError) -> Checkpoint? {
    try reach()
    return base.checkpoint(draft)
  }
  public func checkpoints(after number: Int64, limit: Int) throws(StoreError) -> [Checkpoint] {
    try reach()
    return base.checkpoints(after: number, limit: limit)
  }
}
