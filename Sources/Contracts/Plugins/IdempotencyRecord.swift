#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The use of an `Idempotency-Key`.
public struct IdempotencyRecord: Sendable, Equatable {
  /// ``Actor/description`` of who used it.
  public let actor: String
  /// The `Idempotency-Key`, in clear.
  public let key: String
  /// ``IdempotencyClaim/bodyDigest``.
  public let bodyDigest: [UInt8]
  /// The key that the request created or rotated.
  public let keyID: UUID
  /// When it was used.
  public let usedAt: Timestamp

  /// How long a use is remembered.
  public static let lifetime: Duration = .seconds(24 * 3600)

  public init(actor: String, key: String, bodyDigest: [UInt8], keyID: UUID, usedAt: Timestamp) {
    self.actor = actor
    self.key = key
    self.bodyDigest = bodyDigest
    self.keyID = keyID
    self.usedAt = usedAt
  }
}
