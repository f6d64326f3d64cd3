#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who performs a lifecycle operation, and how far their authority goes.
public struct Actor: Sendable, CustomStringConvertible {
  /// How signals, `created_by` and the audit write it: `key:tok_ab12CD34`, `owner:` and an id, `cli`, `import`,
  /// `host`, `leak-report`, `kernel`.
  public let description: String
  /// The id of the key that acts, if a key does.
  public let keyID: UUID?
  /// Whether what it does is only tried: everything is checked as usual, and nothing is changed.
  public private(set) var isRehearsing = false
  /// The owner whose keys alone are there for the actor; `nil` if every key is.
  public private(set) var ownerID: UUID?
  let authority: Authority
  /// Whether it may end any key that is there for it, also one that grants more than it may give, but for one with
  /// `cardea:admin`: an owner in person.
  private(set) var endsAny = false
  /// The key that acts, as it was verified; `nil` if no key acts.
  package private(set) var identity: Identity?
  /// What of the key that acts goes into whatever it hands out; `nil` if no key acts.
  private(set) var standing: Standing?

  /// By what routes and limits judge a key, and with which of its secrets it acts.
  struct Standing: Sendable, Equatable {
    let keyClass: String
    let metadata: [String: JSONValue]
    let secretID: UUID?
  }

  enum Authority: Sendable, Equatable {
    case unlimited
    case limited(scopes: ScopeSet, expiresAt: Timestamp?)
  }

  private init(_ description: String, _ authority: Authority = .unlimited) {
    self.description = description
    keyID = nil
    self.authority = authority
  }

  /// The command line on the machine itself.
  public static let commandLine = Actor("cli")
  /// An import from another system.
  public static let importer = Actor("import")
  /// The service that embeds the kernel.
  public static let host = Actor("host")
  /// Whoever reported that a token has leaked.
  public static let leakReport = Actor("leak-report")
  /// The kernel itself.
  public static let kernel = Actor("kernel")

  /// The same actor for a dry run.
  public var rehearsing: Actor {
    var actor = self
    actor.isRehearsing = true
    return actor
  }

  /// An owner in person, whom somebody else vouches for: acts on the owner's own keys and on nothing else.
  ///
  /// Written as the id, which names nobody once the owner is forgotten.
  /// - Parameters:
  ///   - id: the owner's.
  ///   - scopes: what the owner may give to a key, and hand out anew by a rotation. Any key may be ended that does not
  ///     hold `cardea:admin`.
  ///   - expiresAt: when a key that the owner makes ends at the latest; `nil` is no bound.
  public static func owner(
    _ id: UUID, scopes: ScopeSet, expiresAt: Timestamp? = nil
  ) -> Actor {
    var actor = Actor("owner:\(id.text)", .limited(scopes: scopes, expiresAt: expiresAt))
    actor.ownerID = id
    actor.endsAny = true
    return actor
  }

  /// The same actor, for whom there are the keys of one owner and no others. If it is a key, it hands out tokens of its
  /// own class and metadata only, and decides over its own rotation only with its newest token.
  public func confined(to owner: UUID) -> Actor {
    var actor = self
    actor.ownerID = owner
    return actor
  }

  /// Whether a key is there for it.
  package func sees(_ key: KeyRecord) -> Bool { ownerID == nil || key.ownerID == ownerID }

  /// A verified key: it may not give what it does not have, unless it holds `cardea:admin`.
  public init(_ identity: Identity) {
    description = "key:\(identity.prefix)"
    keyID = identity.keyID
    self.identity = identity
    standing = Standing(
      keyClass: identity.keyClass, metadata: identity.metadata, secretID: identity.secretID)
    authority =
      identity.scopes.isAdmin
      ? .unlimited : .limited(scopes: identity.scopes, expiresAt: identity.expiresAt)
  }
}
