/// What can be done to many keys at once.
public enum BulkAction: String, Sendable, CaseIterable {
  case rotate, suspend, reactivate, revoke, purge

  /// The keys that it is for. Others are not selected.
  package func isFor(_ status: KeyRecord.Status) -> Bool {
    switch self {
    case .rotate, .revoke: status == .active || status == .suspended
    case .suspend: status == .active
    case .reactivate: status == .suspended
    case .purge: status != .purged
    }
  }
}
