/// An owner that was just made, and its first key if it was given one.
public struct CreatedOwner: Sendable {
  public let owner: OwnerRecord
  /// The key that came with it; its token is here and nowhere else.
  public let firstKey: IssuedKey?
  /// By when every node knows of it.
  public let receipt: Receipt
}
