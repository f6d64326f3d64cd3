import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who is signed in to a page: somebody with a key, or an owner whom the host application vouched for.
enum PageHolder: Sendable {
  case key(Identity)
  case link(PortalGrant)

  /// Whose sessions count together: the key's, or its owner's if there is one.
  func countsTo(owner: Bool) -> UUID {
    switch self {
    case .key(let identity): owner ? identity.ownerID ?? identity.keyID : identity.keyID
    case .link(let grant): grant.owner.id
    }
  }

  /// The key, if it is one.
  var keyID: UUID? { identity?.keyID }

  var identity: Identity? {
    switch self {
    case .key(let identity): identity
    case .link: nil
    }
  }

  var ownerID: UUID? {
    switch self {
    case .key(let identity): identity.ownerID
    case .link(let grant): grant.owner.id
    }
  }

  /// The owner's name and kind, if there is an owner.
  var owner: OwnerReference? {
    switch self {
    case .key(let identity):
      identity.owner.map { OwnerReference(kind: identity.ownerKind ?? .user, name: $0) }
    case .link(let grant): OwnerReference(kind: grant.owner.kind, name: grant.owner.name)
    }
  }

  var scopes: ScopeSet {
    switch self {
    case .key(let identity): identity.scopes
    case .link(let grant): grant.scopes
    }
  }

  /// When a key that they make ends at the latest; `nil` is no bound.
  var latestExpiry: Timestamp? {
    switch self {
    case .key(let identity): identity.scopes.isAdmin ? nil : identity.expiresAt
    case .link(let grant): grant.keysUntil
    }
  }

  var actor: Actor {
    switch self {
    case .key(let identity): Actor(identity)
    case .link(let grant): grant.actor
    }
  }

  /// How the page names whoever is signed in.
  var label: String {
    switch self {
    case .key(let identity): identity.prefix
    case .link(let grant): grant.owner.name
    }
  }
}
