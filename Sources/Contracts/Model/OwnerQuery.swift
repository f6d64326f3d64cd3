#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which owners a listing wants, in order of name within kind.
public struct OwnerQuery: Sendable, Equatable {
  public var kind: OwnerRecord.Kind?
  /// The whole name, byte for byte.
  public var name: String?
  /// Organizations that this user belongs to.
  public var member: String?
  /// Whether the order runs the other way: from the last name of the last kind on.
  public var descending = false
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
