/// An entry of either log.
public enum AuditItem: Sendable {
  case access(AccessEntry)
  case signal(LogEntry)

  /// When it happened.
  public var at: Timestamp {
    switch self {
    case .access(let entry): entry.at
    case .signal(let entry): entry.at
    }
  }
}
