#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How a node introduces itself.
public struct NodeCard: Sendable, Equatable {
  /// Of this process alone: two that carry one name are still two.
  public let id: UUID
  /// As receipts, logs and the page name it.
  public let name: String
  /// How long the node trusts its cache after the beginning of a poll: `cache.lease`, and `cache.max_stale` with it.
  public let lease: Duration
  /// The program's version.
  public let version: String

  public init(id: UUID, name: String, lease: Duration, version: String) {
    self.id = id
    self.name = name
    self.lease = lease
    self.version = version
  }

  /// Whether a node may be called that: 1 to 64 visible ASCII characters.
  public static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
  }
}
