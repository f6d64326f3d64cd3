import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tells whether what was read is still current, without a table of who holds one.
///
/// A clock that ticks with every change, and a fixed array of slots that say when the prefixes (or owners)
/// that fall on them last changed. A reader notes the clock *before* it reads the store; a change stamps the
/// slots of its key and owner after its commit, whatever the commit's outcome, and before it is
/// acknowledged. A reading is current while neither of its slots is later than it: one comparison
/// is both the eviction and the check against a late insert by a reader of the old record. Keys that share a
/// slot with a changed one merely read the store again: that their token matches is not forgotten.
///
/// Threading: any thread.
// @unchecked: the pointer never changes and what it points to is atomic.
@usableFromInline
package final class ChangeStamps: @unchecked Sendable {
  /// 2^16 slots (512 KiB): with 100,000 live keys, a change makes one or two others read again.
  private static let size = 1 << 16
  @usableFromInline let slots: UnsafeMutablePointer<Atomic<UInt64>>
  private let clock = Atomic<UInt64>(0)

  package init() {
    slots = .allocate(capacity: ChangeStamps.size)
    for index in 0..<ChangeStamps.size { (slots + index).initialize(to: Atomic(0)) }
  }

  deinit {
    slots.deinitialize(count: ChangeStamps.size)
    slots.deallocate()
  }

  /// What to note before reading the store.
  package func beforeReading() -> UInt64 { clock.load(ordering: .sequentiallyConsistent) }

  /// The stamp of what was read since ``beforeReading()`` gave `readAt`.
  package func stamp(readAt: UInt64, _ stored: StoredKey) -> ChangeStamp {
    let keySlot = ChangeStamps.slot(prefix: stored.key.prefix)
    return ChangeStamp(
      readAt: readAt, keySlot: keySlot,
      ownerSlot: stored.key.ownerID.map { ChangeStamps.slot(owner: $0) } ?? keySlot)
  }

  /// Whether neither key nor owner has changed since.
  @inlinable
  @inline(__always)
  package func isCurrent(_ stamp: ChangeStamp) -> Bool {
    slots[Int(stamp.keySlot)].load(ordering: .sequentiallyConsistent) <= stamp.readAt
      && slots[Int(stamp.ownerSlot)].load(ordering: .sequentiallyConsistent) <= stamp.readAt
  }

  /// Every reading of this key, or of any key of this owner, is stale from now on.
  package func changed(prefix: String?, owner: UUID?) {
    if prefix == nil, owner == nil { return }
    let now = clock.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    if let prefix {
      slots[Int(ChangeStamps.slot(prefix: prefix))].max(now, ordering: .sequentiallyConsistent)
    }
    if let owner {
      slots[Int(ChangeStamps.slot(owner: owner))].max(now, ordering: .sequentiallyConsistent)
    }
  }

  /// Every reading of anything is stale from now on.
  func changedEverything() {
    let now = clock.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    for index in 0..<ChangeStamps.size {
      (slots + index).pointee.max(now, ordering: .sequentiallyConsistent)
    }
  }

  private static func slot(prefix: String) -> Int32 { slot(prefix.utf8) }
  private static func slot(owner: UUID) -> Int32 { withUnsafeBytes(of: owner.uuid) { slot($0) } }

  /// FNV-1a. It only spreads names over slots: a collision costs a read, never a wrong verdict.
  private static func slot(_ bytes: some Sequence<UInt8>) -> Int32 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return Int32(truncatingIfNeeded: (hash ^ (hash >> 32)) & UInt64(size - 1))
  }
}
