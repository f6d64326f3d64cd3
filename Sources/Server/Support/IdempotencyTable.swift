import CardeaContracts
import CardeaHTTPTypes

/// The creations with an `Idempotency-Key` that are under way in this process.
///
/// The store remembers finished ones; this closes the gap while the first is still running. Bounded
/// by the number of requests under way. Threading: any thread.
final class IdempotencyTable: Sendable {
  private struct Name: Hashable {
    let actor: String
    let key: String
  }

  private let running = Locked<[Name: [UInt8]]>([:])

  /// Runs `work` unless the first use of this claim by this actor is still running.
  func once<Result: Sendable>(
    _ claim: IdempotencyClaim?, by actor: Actor, _ work: () async throws -> Result
  ) async throws -> Result {
    guard let claim else { return try await work() }
    let name = Name(actor: actor.description, key: claim.key)
    let first: [UInt8]? = running.withLock { running in
      if let digest = running[name] { return digest }
      running[name] = claim.bodyDigest
      return nil
    }
    if let first {
      guard first == claim.bodyDigest else { throw LifecycleError.idempotencyMismatch }
      throw Problem(
        status: 409, code: "in_progress",
        detail: "the first request with this Idempotency-Key is still running; retry in a moment")
    }
    defer { _ = running.withLock { $0.removeValue(forKey: name) } }
    return try await work()
  }
}
