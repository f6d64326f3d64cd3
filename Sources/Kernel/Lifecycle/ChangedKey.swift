/// A key after a change.
public struct ChangedKey: Sendable {
  public let stored: StoredKey
  public package(set) var receipt: Receipt
}
