#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One page of a listing.
public struct Page<Element: Sendable>: Sendable {
  /// In the order that was asked for.
  public var items: [Element]
  /// The id to continue after, or `nil` on the last page.
  public var next: UUID?

  public init(items: [Element], next: UUID?) {
    self.items = items
    self.next = next
  }

  /// The first `limit` of `found`, which holds one more if another page follows.
  package init(_ found: [Element], limit: Int, id: (Element) -> UUID) {
    let items = Array(found.prefix(limit))
    self.init(items: items, next: found.count > limit ? items.last.map(id) : nil)
  }
}
