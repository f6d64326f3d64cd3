/// A plugin as `cardea plugins` lists it.
public struct RegisteredPlugin: Sendable, Equatable {
  /// `hasher`, `format`, `policy`, …
  public let kind: String
  /// ``Plugin/id``.
  public let id: String
}
