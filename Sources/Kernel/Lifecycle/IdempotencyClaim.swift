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
  func use(by actor: Actor, for keyID: UUID, at now: Timestamp) -> IdempotencyRecord {
    IdempotencyRecord(
      actor: actor.description, key: key, bodyDigest: bodyDigest, keyID: keyID, usedAt: now)
  }
}

extension AuthKernel {
  /// Throws if the claim can't be made, or was made within the last 24 hours.
  func checkUnused(
    _ claim: IdempotencyClaim, by actor: Actor
  ) async throws(LifecycleError) {
    guard (1...255).contains(claim.key.utf8.count),
      claim.key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else {
      throw .invalid(
        field: "Idempotency-Key", reason: "must be 1 to 255 bytes of printable ASCII")
    }
    // It is kept in clear.
    if formats.redactionOfRandom.holdsToken(claim.key) {
      throw .invalid(
        field: "Idempotency-Key", reason: "holds a token, which is a secret; make a random one")
    }
    let earlier = try await inStore { () async throws(StoreError) in
      try await store.idempotency(actor: actor.description, key: claim.key)
    }
    guard let earlier, let end = earlier.usedAt.adding(IdempotencyRecord.lifetime),
      time.now() <= end
    else { return }
    throw LifecycleError(.idempotencyUsed(earlier), claiming: claim)
  }
}

extension LifecycleError {
  /// What a store's refusal means to a caller who claimed to ask for the first time.
  init(_ error: StoreError, claiming claim: IdempotencyClaim?) {
    if case .idempotencyUsed(let record) = error, let claim, record.bodyDigest != claim.bodyDigest {
      self = .idempotencyMismatch
    } else {
      self.init(error)
    }
  }
}
