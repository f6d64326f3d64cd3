/// A key after a change.
public struct ChangedKey: Sendable {
  /// The key as it is now, or would be after a rehearsal.
  public let stored: StoredKey
  /// By when every node obeys.
  public package(set) var receipt: Receipt
}
