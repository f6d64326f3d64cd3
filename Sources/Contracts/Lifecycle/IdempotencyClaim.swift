#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A client's wish that a creation or a rotation happens once.
public struct IdempotencyClaim: Sendable, Equatable {
  /// The client's `Idempotency-Key`: 1 to 255 bytes of printable ASCII.
  public var key: String
  /// SHA-256 of what is asked for: the request's body, and of a rotation which key it is about, too.
  public var bodyDigest: [UInt8]

  public init(key: String, bodyDigest: [UInt8]) {
    self.key = key
    self.bodyDigest = bodyDigest
  }

  /// What the store remembers of it.
  package func use(by actor: Actor, for keyID: UUID, at now: Timestamp) -> IdempotencyRecord {
    IdempotencyRecord(
      actor: actor.description, key: key, bodyDigest: bodyDigest, keyID: keyID, usedAt: now)
  }
}
