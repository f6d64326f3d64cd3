#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A store that keeps the access log too.
///
/// Promises (the conformance kit checks each):
/// - `append` is all or nothing, and compares the head's sequence: a batch is never in the log twice.
/// - a node's positions start at 1, rise by 1, and form one chain from its base to its head.
/// - a change with ``StoreChange/erasesLogOf`` takes payload and salt out of that key's access entries too,
///   and entries that arrive for a purged key come without them.
///
/// Threading: from any task, many at once.
public protocol AccessLogStore: KeyStore {
  /// Whether the store lets go of a node's oldest entries by itself, beyond a bound of its own. It moves the base
  /// as a prune does, but no checkpoint states it: whoever verifies takes the store's word for where a chain
  /// begins. `false` unless the store says otherwise.
  var dropsOldEntries: Bool { get }
  /// Appends a batch; the node's head after it. `.conflict` if the head's sequence is not the one that the
  /// batch follows.
  func append(_ batch: AccessBatch) async throws(StoreError) -> AccessHead
  /// The node's head; an empty one for a node without entries.
  func accessHead(node: String) async throws(StoreError) -> AccessHead
  /// The heads of every node, by name.
  func accessHeads() async throws(StoreError) -> [AccessHead]
  /// How many entries are of a node that has no head, and so in nobody's chain: none, unless somebody else wrote to the
  /// store. A store to which nobody else can write need not look.
  func headlessEntries() async throws(StoreError) -> Int64
  /// Entries of a node after `position`, in order, at most `limit` of them: also those that stand outside of its chain,
  /// before its base or past its head, if somebody else put them there.
  func accessLog(
    node: String, after position: Int64, limit: Int
  ) async throws(StoreError) -> [AccessEntry]

  /// Entries of all nodes that the filter takes, in the order in which they arrived or against it.
  func accessEntries(_ filter: LogFilter) async throws(StoreError) -> [Numbered<AccessEntry>]
  /// Entries of the signal log that the filter takes, by position.
  func signalEntries(_ filter: LogFilter) async throws(StoreError) -> [Numbered<LogEntry>]

  /// How far a prune of everything older than `cutoff` would go. Never further, but less far where the store lets go of
  /// payloads many at a time, and some of those are younger.
  func prunable(before cutoff: Timestamp) async throws(StoreError) -> PrunePlan
  /// Deletes the node's entries up to `position`, at most `limit` of them from the oldest on, and moves its
  /// base; how many. In a transaction of its own, short enough for a revocation to wait for.
  func pruneAccess(
    node: String, through position: Int64, limit: Int
  ) async throws(StoreError) -> Int
  /// Takes payload and salt out of at most `limit` entries of the signal log up to `position`; how many.
  func pruneSignals(through position: Int64, limit: Int) async throws(StoreError) -> Int

  /// Keeps a checkpoint of both logs as they stand. `draft` makes it from the last one and the heads, which the
  /// store reads in the same transaction, or gives `nil` if there is nothing new to state.
  func checkpoint(
    _ draft: @escaping @Sendable (_ last: Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) async throws(StoreError) -> Checkpoint?
  /// Checkpoints after `number`, in order, at most `limit` of them.
  func checkpoints(after number: Int64, limit: Int) async throws(StoreError) -> [Checkpoint]
}

extension AccessLogStore {
  public var dropsOldEntries: Bool { false }
  public func headlessEntries() async throws(StoreError) -> Int64 { 0 }
}

/// An entry under the number by which listings go on.
public struct Numbered<Entry: Sendable>: Sendable {
  /// Rises with every entry of the log; what pages go on by.
  public let number: Int64
  public let entry: Entry

  public init(number: Int64, entry: Entry) {
    self.number = number
    self.entry = entry
  }
}

/// Which entries of a log a listing wants. Every condition that is set must hold.
public struct LogFilter: Sendable {
  public var keyID: UUID?
  public var prefix: String?
  /// Of the signal log: entries about one of these owners.
  public var ownerIDs: [UUID]?
  /// Entries of one of these names.
  public var actions: [String]?
  /// Of the access log.
  public var status: Int?
  public var since: Timestamp?
  /// Exclusive.
  public var until: Timestamp?
  /// Byte strings that the payload must all hold. An entry without a payload has none.
  public var payloadHolds: [[UInt8]] = []
  /// Only entries with a greater number.
  public var after: Int64?
  /// Only entries with a smaller number.
  public var before: Int64?
  public var newestFirst = true
  public var limit: Int

  public init(limit: Int) { self.limit = limit }
}

/// What a prune would take: per node the position up to which every entry is old enough, and the same for
/// the payloads of the signal log.
public struct PrunePlan: Sendable, Equatable {
  /// A node's part of the access log that is to go.
  public struct Node: Sendable, Equatable {
    public let node: String
    /// The last entry that goes.
    public let position: Int64
    /// That entry's, which what remains continues.
    public let hash: Digest256
    /// How many go.
    public let entries: Int64

    public init(node: String, position: Int64, hash: Digest256, entries: Int64) {
      self.node = node
      self.position = position
      self.hash = hash
      self.entries = entries
    }
  }

  /// Nodes with something to prune.
  public var nodes: [Node]
  /// Payloads of the signal log up to here are old enough.
  public var signalPosition: Int64
  /// How many of them are still there.
  public var signalPayloads: Int64

  public init(nodes: [Node], signalPosition: Int64, signalPayloads: Int64) {
    self.nodes = nodes
    self.signalPosition = signalPosition
    self.signalPayloads = signalPayloads
  }

  /// Whether nothing goes.
  public var isEmpty: Bool { nodes.isEmpty && signalPayloads == 0 }
}

/// Both logs as they stand: what a checkpoint states.
public struct CheckpointHeads: Sendable, Equatable {
  public var signals: LogHead
  /// By node.
  public var nodes: [AccessHead]

  public init(signals: LogHead, nodes: [AccessHead]) {
    self.signals = signals
    self.nodes = nodes
  }
}
