import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One page of a listing: `{"keys": […], "next_cursor": …}`, or `owners` and `entries` alike. The cursor is
/// `null` on the last page.
public struct PageResource<Item: Encodable & Sendable>: Encodable, Sendable {
  /// The name of the collection on the wire.
  private let collection: Name
  public let items: [Item]
  /// Where the next page goes on; `nil` on the last.
  public let nextCursor: String?

  private enum Name: String, CodingKey {
    case keys, owners, entries
    case nextCursor = "next_cursor"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    try container.encode(items, forKey: collection)
    try container.encode(nextCursor, forKey: .nextCursor)
  }
}

extension PageResource where Item == KeyResource {
  public init(_ page: Page<StoredKey>, in sort: KeySort = .newest, at now: Timestamp) {
    collection = .keys
    items = page.items.map { KeyResource($0, at: now) }
    nextCursor = page.cursor(in: sort)?.text
  }
}

extension PageResource where Item == OwnerResource {
  public init(_ page: Page<OwnerRecord>) {
    collection = .owners
    items = page.items.map { OwnerResource($0) }
    nextCursor = page.next?.text
  }
}

extension PageResource where Item == AuditResource {
  public init(_ page: AuditPage) {
    collection = .entries
    items = page.items.map { AuditResource($0) }
    nextCursor = page.next?.text
  }
}
