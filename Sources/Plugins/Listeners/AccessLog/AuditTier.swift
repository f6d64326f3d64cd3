/// What is promised about an authentication's entry before the answer is given out.
public enum AuditTier: String, Sendable, CaseIterable {
  /// It is in the node's spool file: it survives a kill of the process, not a power loss.
  case process
  /// It is on disk: synced, together with whatever else waits at that moment.
  case commit
  /// It is in a bounded queue in memory. What a full queue drops is counted.
  case async
  /// As ``process``, but only for what was denied.
  case failures
  /// Nothing is recorded.
  case off
}
