/// What ``AuthKernel/verifyAudit(keys:)`` found.
public struct AuditReport: Sendable, Equatable {
  /// A chain of entries: the signal log, or a node's of the access log.
  public struct Chain: Sendable, Equatable {
    /// `signals` or `access`.
    public let log: String
    /// The node of an access log's chain; `nil` of the signal log, which has one chain.
    public let node: String?
    /// Entries that were looked at.
    public var entries: Int64 = 0
    /// Entries before the first that was looked at, which were pruned.
    public var pruned: Int64 = 0
    /// The last entry that a checkpoint states; with keys, one of theirs.
    public var statedThrough: Int64 = 0
    /// The last entry.
    public var position: Int64 = 0
  }

  /// The first broken entry of a chain, or a checkpoint that does not hold.
  public struct Fault: Sendable, Equatable {
    /// `signals`, `access` or `checkpoints`.
    public let log: String
    public let node: String?
    /// The entry or checkpoint that is the first broken one.
    public let position: Int64
    /// What is wrong, for operators.
    public let problem: String
  }

  /// Every chain that was looked at.
  public var chains: [Chain] = []
  /// The first of each chain, and of the checkpoints.
  public var faults: [Fault] = []
  /// How many were read.
  public var checkpoints: Int64 = 0
  /// Checkpoints with a good signature by one of the keys; 0 if no key was given.
  public var signed: Int64 = 0
  /// Whether a key was given and no checkpoint bears any signature: the key may be new. It is a fault all the same,
  /// since they could have been taken away.
  public var awaitsSignature = false
  /// Whether a key was given, so that signatures count.
  public var isSigned = false

  /// Whether nothing is wrong.
  public var isIntact: Bool { faults.isEmpty }
}
