/// A queue of signals: first in, first out, in a ring that doubles when it is full.
///
/// No array: who publishes without knowing the type of the signals would have to ask the runtime for that of the array,
/// which takes longer than to hand one over.
///
/// Threading: whoever holds its lane's lock.
final class Mailbox<Element> {
  private var slots: UnsafeMutablePointer<Element>
  private var capacity: Int
  private var first = 0
  private(set) var count = 0

  private static var leastCapacity: Int { 16 }
  /// What is kept of it when it is empty.
  private static var keptCapacity: Int { 1_024 }

  init() {
    capacity = Mailbox.leastCapacity
    slots = .allocate(capacity: capacity)
  }

  deinit {
    removeAll()
    slots.deallocate()
  }

  func append(_ element: Element) {
    if count == capacity { move(to: capacity * 2) }
    slot(count).initialize(to: element)
    count += 1
  }

  /// Takes out the one that waited longest.
  func takeFirst() -> Element? {
    if count == 0 { return nil }
    let element = slot(0).move()
    first = (first + 1) & (capacity - 1)
    count -= 1
    return element
  }

  /// Drops the one that waited longest, if there is one.
  func dropFirst() {
    if count == 0 { return }
    slot(0).deinitialize(count: 1)
    first = (first + 1) & (capacity - 1)
    count -= 1
  }

  func removeAll() { while count > 0 { dropFirst() } }

  /// Gives back most of what a flood has taken; to be called while it is empty.
  func shrink() { if capacity > Mailbox.keptCapacity { move(to: Mailbox.leastCapacity) } }

  /// The place of the one that so many others are before; the capacity is a power of two.
  private func slot(_ place: Int) -> UnsafeMutablePointer<Element> {
    slots + ((first + place) & (capacity - 1))
  }

  private func move(to capacity: Int) {
    let target = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    for place in 0..<count { (target + place).moveInitialize(from: slot(place), count: 1) }
    slots.deallocate()
    (slots, self.capacity, first) = (target, capacity, 0)
  }
}
