#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A record that a plugin keeps in the store.
public struct PluginRecord: Sendable, Equatable {
  /// Unique within its collection.
  public let id: UUID
  /// How often it was written, this time included.
  public let revision: Int64
  /// The plugin's own; a store does not look into it.
  public let content: [UInt8]

  public init(id: UUID, revision: Int64, content: [UInt8]) {
    self.id = id
    self.revision = revision
    self.content = content
  }
}
