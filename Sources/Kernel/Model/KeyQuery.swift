#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which keys a listing wants. Every filter that is set must hold. Newest first.
public struct KeyQuery: Sendable, Equatable {
  public var ownerID: UUID?
  public var state: KeyState?
  public var kind: KeyRecord.Kind?
  public var keyClass: String?
  /// Keys that hold exactly this scope name.
  public var scope: String?
  /// Keys of which a secret was built in this token format.
  public var format: String?
  public var createdFrom: Timestamp?
  public var createdBefore: Timestamp?
  public var expiresFrom: Timestamp?
  public var expiresBefore: Timestamp?
  /// A part of the name, the description or the prefix, without regard to ASCII case.
  public var text: String?
  /// The id of the last key of the page before; the page starts after it.
  public var after: UUID?
  /// 1 to 1,000 keys a page.
  public var limit: Int
  /// The moment against which `state` is judged.
  public var now: Timestamp

  public init(now: Timestamp, limit: Int = 100) {
    self.now = now
    self.limit = min(max(limit, 1), 1_000)
  }
}

/// Which owners a listing wants, in order of name within kind.
public struct OwnerQuery: Sendable, Equatable {
  public var kind: OwnerRecord.Kind?
  public var name: String?
  /// The id of the last owner of the page before.
  public var after: UUID?
  /// 1 to 1,000 owners a page.
  public var limit: Int

  public init(kind: OwnerRecord.Kind? = nil, name: String? = nil, limit: Int = 100) {
    self.kind = kind
    self.name = name
    self.limit = min(max(limit, 1), 1_000)
  }
}

/// One page of a listing.
public struct Page<Element: Sendable>: Sendable {
  public var items: [Element]
  /// The id to continue after, or `nil` on the last page.
  public var next: UUID?

  public init(items: [Element], next: UUID?) {
    self.items = items
    self.next = next
  }
}
