/// What became of one key of a bulk change.
public enum BulkOutcome: Sendable {
  case changed(ChangedKey)
  /// It has a new secret. The token is here and nowhere else.
  case issued(IssuedKey)
  /// The selection did not hold any more when its turn came.
  case unchanged
  case failed(LifecycleError)
}
