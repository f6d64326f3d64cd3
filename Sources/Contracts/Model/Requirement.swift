/// What a route demands of a verified key: scopes, and perhaps a class. An empty one demands a key, no more.
public struct Requirement: Sendable, Hashable {
  /// Every one of these must be granted.
  public var scopes: [String]
  /// At least one of these must be granted, unless there are none.
  public var anyScopes: [String]
  /// The class that the key must have; `nil` takes any.
  public var keyClass: String?
  /// Whether a request without a token is served too. The verdict is `missing` all the same, but nobody tried
  /// anything, so it is neither published nor recorded.
  public var isOptional: Bool

  @inlinable
  public init(
    scopes: [String] = [], anyScopes: [String] = [], keyClass: String? = nil,
    isOptional: Bool = false
  ) {
    self.scopes = scopes
    self.anyScopes = anyScopes
    self.keyClass = keyClass
    self.isOptional = isOptional
  }

  /// Any verified key. Made where it is asked for: to hand on a shared one costs more.
  @inlinable public static var none: Requirement { Requirement() }

  /// Whether any verified key meets it.
  @inlinable
  @inline(__always)
  var asksForAnyKey: Bool { scopes.isEmpty && anyScopes.isEmpty && keyClass == nil }

  /// What a key lacks of it: `wrong_class` or `insufficient_scope`; `nil` if nothing.
  @inlinable
  @inline(__always)
  public func shortfall(of identity: Identity) -> Denial.Reason? {
    shortfall(scopes: identity.scopes, keyClass: identity.keyClass)
  }

  @inlinable
  @inline(__always)
  func shortfall(scopes held: ScopeSet, keyClass heldClass: String) -> Denial.Reason? {
    isMet(byClass: heldClass) ? isMet(by: held) ? nil : .insufficientScope : .wrongClass
  }

  /// The scopes that are required and not granted.
  func missing(in held: ScopeSet) -> [String] {
    let all = scopes.filter { !held.grants($0) }
    let isAnyMet = anyScopes.isEmpty || anyScopes.contains { held.grants($0) }
    return isAnyMet ? all : all + anyScopes.filter { !all.contains($0) }
  }

  @inlinable
  @inline(__always)
  package func isMet(byClass held: String) -> Bool {
    keyClass.map { $0.utf8.elementsEqual(held.utf8) } ?? true
  }

  @inlinable
  @inline(__always)
  package func isMet(by held: ScopeSet) -> Bool {
    scopes.allSatisfy { held.grants($0) }
      && (anyScopes.isEmpty || anyScopes.contains { held.grants($0) })
  }
}
