import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a used link stands for: an owner, and how far the one who asked for the link lets them go.
struct PortalGrant: Sendable {
  let owner: OwnerRecord
  /// What the owner may give to a key.
  let scopes: ScopeSet
  /// When a key that the owner makes ends at the latest; `nil` is no bound.
  let keysUntil: Timestamp?
  /// The key that asked. What it may not do any more ends with it.
  let issuer: UUID
  /// With which of its secrets. Once that is not in force, nor is what it asked for.
  let secret: UUID

  var actor: Actor { .owner(owner.id, scopes: scopes, expiresAt: keysUntil) }
}
