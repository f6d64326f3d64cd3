/// What a route demands of a verified key: scopes, and perhaps a class.
public struct Requirement: Sendable, Hashable {
  /// Every one of these must be granted.
  public var scopes: [String]
  /// The class that the key must have; `nil` takes any.
  public var keyClass: String?
  /// Whether a request without a token is served too. The verdict is `missing` all the same, but nobody tried
  /// anything, so it is neither published nor recorded.
  public var isOptional: Bool

  public init(scopes: [String] = [], keyClass: String? = nil, isOptional: Bool = false) {
    self.scopes = scopes
    self.keyClass = keyClass
    self.isOptional = isOptional
  }

  /// Any verified key.
  public static let none = Requirement()
}
