/// A plugin as `cardea plugins` lists it.
public struct RegisteredPlugin: Sendable, Equatable {
  public let kind: String
  public let id: String
}
