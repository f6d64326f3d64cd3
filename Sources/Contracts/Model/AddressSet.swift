/// From how many addresses something was used: the distinct ones, up to a bound.
///
/// It holds no address but eight bytes of a digest of each, under the id of the secret that they used, so that it
/// can be counted and merged across nodes and says nothing else.
public struct AddressSet: Sendable, Hashable {
  /// The most that are told apart; a count that stands here means "at least so many".
  public static let limit = 64

  /// Sorted, without repetition.
  private var marks: [UInt64] = []

  /// The empty set.
  public init() {}

  /// What ``bytes`` gave. Bytes beyond the bound, or a last mark that is cut short, are left out.
  public init(bytes: [UInt8]) {
    for start in stride(from: 0, to: bytes.count - bytes.count % 8, by: 8) {
      insert(bytes[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) })
    }
  }

  /// Eight bytes per address, in order.
  public var bytes: [UInt8] {
    marks.flatMap { mark in (0..<8).map { UInt8(truncatingIfNeeded: mark >> UInt64(56 - $0 * 8)) } }
  }

  /// At most ``limit``.
  public var count: Int { marks.count }
  public var isEmpty: Bool { marks.isEmpty }

  /// Notes the address with this mark.
  public mutating func insert(_ mark: UInt64) {
    guard marks.count < AddressSet.limit else { return }
    let index = marks.firstIndex { $0 >= mark } ?? marks.endIndex
    if index < marks.endIndex, marks[index] == mark { return }
    marks.insert(mark, at: index)
  }

  /// Adds those of another set, as far as there is room.
  public mutating func formUnion(_ other: AddressSet) {
    for mark in other.marks { insert(mark) }
  }
}
