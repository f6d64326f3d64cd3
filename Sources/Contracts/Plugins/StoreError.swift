/// Why a store did not do what it was asked.
public enum StoreError: Error, Sendable, Equatable {
  /// The record changed meanwhile.
  case conflict
  /// A unique field is taken: `prefix`, `id`, or `owner`.
  case duplicate(field: String)
  /// The owner has as many keys as it may have.
  case ownerLimit(Int)
  /// Bootstrap was asked for, but a key was made before.
  case notEmpty
  /// The idempotency key was used before.
  case idempotencyUsed(IdempotencyRecord)
  /// The store can't be reached or refuses; the reason and the remedy, for operators.
  case unavailable(String)
  /// The store holds something that it should not; the reason, for operators.
  case corrupt(String)
}
