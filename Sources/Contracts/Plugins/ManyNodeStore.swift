/// A store that many nodes share and that tells them of one another, so that a receipt can name who obeys a change.
///
/// A node confirms by polling: ``SharedKeyStore/poll(after:limit:)`` after a position says that this node has applied
/// every entry up to it. The store notes that, and that the node lives, in the same round trip. A poll after a position
/// whose entry is another than the one that the store gave then throws `.conflict`.
///
/// Threading: from any task, many at once.
public protocol ManyNodeStore: SharedKeyStore {
  /// Lets this process take part as a node. Called once, after ``KeyStore/open()`` and before the first poll, by a
  /// kernel that authenticates; one that only manages keys is no node, and nobody waits for it.
  /// - Parameters:
  ///   - node: who joins. ``KeyStore/close()`` takes it out again.
  ///   - wake: called, from any thread, soon after another process has changed something. It is for speed alone: a
  ///     call may be missing or too many.
  func join(_ node: NodeCard, wake: @escaping @Sendable () -> Void) async throws(StoreError)
  /// Begins anew after a poll has thrown `.conflict`: the log does not hold any more what this node has applied, as
  /// when a standby took over that lacked the last changes, and their positions now are others'. Synchronous, called
  /// where polls are.
  /// - Returns: the log's last position, after which to poll next. Whatever was read before is to be read again.
  func forgetHistory() throws(StoreError) -> Int64
  /// The nodes that polled within the last hour and have not left, by name: those that receipts wait for. A node that
  /// has had no answer to a poll for half an hour lets nobody in, so whoever is silent for an hour may be forgotten.
  func nodes() async throws(StoreError) -> [NodeStatus]
  /// The store's clock, as the last poll read it and moved on by the time since; `nil` before the first poll.
  /// Synchronous and cheap.
  var storeTime: Timestamp? { get }
  /// What an operator should know of the store: first why it can't be reached, if so; a standby that is not synchronous,
  /// a pooler that takes notifications away. Each is one line. Names of hosts, roles and the like stand between double
  /// quotes, and are shown to operators alone. Synchronous and cheap.
  var cautions: [String] { get }
}
