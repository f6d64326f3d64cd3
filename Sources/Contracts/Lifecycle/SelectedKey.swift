#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A key that was selected for a bulk change.
public struct SelectedKey: Sendable, Equatable {
  public let id: UUID
  /// For people, to know it by.
  public let prefix: String

  package init(id: UUID, prefix: String) {
    self.id = id
    self.prefix = prefix
  }
}
