/// An owner after a change.
public struct ChangedOwner: Sendable {
  public let owner: OwnerRecord
  public package(set) var receipt: Receipt
}
