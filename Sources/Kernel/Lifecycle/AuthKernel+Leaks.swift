#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// Somebody found this token where it should not be: its key is revoked, whatever the key may do and whoever
  /// reports it.
  ///
  /// Not an authentication: no policy is asked, the access log has no row, and nothing is published but
  /// `key_revoked`. It is a guess like any other, though, and counts against the limits on failed attempts. A
  /// session token is none of a key's secrets: it reports nothing.
  ///
  /// Threading: any thread; a slow hash runs on the pool.
  /// - Parameters:
  ///   - token: the whole token, with either secret of an open rotation.
  ///   - address: the reporter's, if it is known.
  ///   - actor: who is named as having revoked the key.
  /// - Returns: the key, with the receipt; `nil` if the token is nobody's. A key that was revoked before is
  ///   returned as it is, and of a purged one there is nothing left to compare with.
  /// - Throws: ``Denial`` if it can't be found out (too many guesses, no thread free for the hash, no store),
  ///   ``LifecycleError`` if the key can't be changed. Nothing was changed then.
  public func reportLeak(
    of token: Secret, from address: String? = nil, by actor: Actor = .leakReport
  ) async throws -> ChangedKey? {
    guard let presented = presented(token) else { return nil }
    let attempt: FailedAttempts.Attempt?
    switch attempts.begin(presented.digest, prefix: presented.prefix, address: address) {
    case .over(let denial): throw denial
    case .under(let begun): attempt = begun
    }
    let found: UUID?
    do throws(Denial) { found = try await keyID(of: presented) } catch {
      attempts.end(attempt, .deny(error))
      throw error
    }
    // Right or wrong is all that the limits want to know: a right one is no guess.
    attempts.end(attempt, .deny(Denial(found == nil ? .wrongSecret : .revoked)))
    guard let found else { return nil }
    return try await revokeKey(found, by: actor)
  }

  /// The key of which this is a secret, in whatever state it is.
  private func keyID(of token: PresentedToken) async throws(Denial) -> UUID? {
    let found: StoredKey?
    do { found = try await store.find(prefix: token.prefix) } catch {
      throw Denial(.storeUnavailable)
    }
    for row in found?.key.secrets.reversed() ?? [] {
      if try await matches(token, row).get() { return found?.key.id }
    }
    return nil
  }
}
