/// When something was read from the store, and the slots of the change stamps that it depends on.
@usableFromInline
package struct ChangeStamp: Sendable {
  @usableFromInline package let readAt: UInt64
  @usableFromInline package let keySlot: Int32
  @usableFromInline package let ownerSlot: Int32

  package init(readAt: UInt64, keySlot: Int32, ownerSlot: Int32) {
    self.readAt = readAt
    self.keySlot = keySlot
    self.ownerSlot = ownerSlot
  }

  /// The stamp of what was not read from a store.
  package static let none = ChangeStamp(readAt: 0, keySlot: 0, ownerSlot: 0)
}
