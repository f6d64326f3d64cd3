#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who performs a lifecycle operation, and how far their authority goes.
public struct Actor: Sendable, Equatable, CustomStringConvertible {
  /// How signals, `created_by` and the audit write it: `key:tok_ab12CD34`, `cli`, `import`, `host`, `leak-report`,
  /// `kernel`.
  public let description: String
  /// The id of the key that acts, if a key does.
  public let keyID: UUID?
  /// Whether what it does is only tried: everything is checked as usual, and nothing is changed.
  public private(set) var isRehearsing = false
  let authority: Authority

  enum Authority: Sendable, Equatable {
    case unlimited
    case limited(scopes: ScopeSet, expiresAt: Timestamp?)
  }

  private init(_ description: String) {
    self.description = description
    keyID = nil
    authority = .unlimited
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

  /// A verified key: it may not give what it does not have, unless it holds `cardea:admin`.
  public init(_ identity: Identity) {
    description = "key:\(identity.prefix)"
    keyID = identity.keyID
    authority =
      identity.scopes.isAdmin
      ? .unlimited : .limited(scopes: identity.scopes, expiresAt: identity.expiresAt)
  }
}
