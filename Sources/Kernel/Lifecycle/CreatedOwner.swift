/// An owner that was just made, and its first key if it was given one.
public struct CreatedOwner: Sendable {
  public let owner: OwnerRecord
  public let firstKey: IssuedKey?
  public let receipt: Receipt
}
