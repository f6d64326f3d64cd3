/// An owner after a change.
public struct ChangedOwner: Sendable {
  /// The owner as it is now, or would be after a rehearsal.
  public let owner: OwnerRecord
  /// By when every node obeys.
  public package(set) var receipt: Receipt
}
