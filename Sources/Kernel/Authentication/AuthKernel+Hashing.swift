extension AuthKernel {
  /// The hash of a secret that an actor hands out. The pool takes its time, so a key that acts must still be in force when
  /// the hash is there: what a revoked key has begun is not done.
  package func hashed(
    _ secret: Secret, prefix: String, by actor: Actor
  ) async throws(LifecycleError) -> EncodedHash {
    let hash = try await hashed(secret, prefix: prefix)
    guard let identity = actor.identity, let denial = await recheck(identity).denial else {
      return hash
    }
    if denial.reason == .storeUnavailable {
      throw .storeUnavailable("whether the acting key is in force can't be looked up")
    }
    throw .beyondActor("the acting key is not in force any more")
  }

  /// A secret's hash under the preferred hasher, on the pool if it is slow.
  package func hashed(_ secret: Secret, prefix: String) async throws(LifecycleError) -> EncodedHash
  {
    guard let hasher = hashers[configuration.preferredHasher] else {
      throw .failed("no hasher named \(configuration.preferredHasher) is registered")
    }
    let request = HashRequest(secret: secret, primitives: primitives)
    let work: @Sendable () -> Result<EncodedHash, HasherError> = {
      do throws(HasherError) { return .success(try hasher.hash(request)) } catch {
        return .failure(error)
      }
    }
    let outcome: Result<EncodedHash, HasherError>
    if hasher.cost == .fast {
      outcome = work()
    } else {
      do { outcome = try await pool.run(for: prefix, work) } catch { throw .overloaded }
    }
    switch outcome {
    case .success(let hash): return hash
    case .failure: throw .failed("the hasher \(configuration.preferredHasher) failed")
    }
  }
}
