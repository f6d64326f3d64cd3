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
  ///   - token: the whole token, with either secret of an open rotation; one that a rotation has ended reports
  ///     nothing.
  ///   - address: the reporter's, if it is known.
  ///   - actor: who is named as having revoked the key.
  /// - Returns: the key, with the receipt; `nil` if the token is nobody's. A key that was revoked before is
  ///   returned as it is, and of a purged one there is nothing left to compare with.
  /// - Throws: ``Denial`` if it can't be found out (too many guesses, no thread free for the hash, no store),
  ///   ``LifecycleError`` if the key can't be changed.
  public func reportLeak(
    of token: Secret, from address: String? = nil, by actor: Actor = .leakReport
  ) async throws -> ChangedKey? {
    guard let presented = presented(token) else { return nil }
    let attempt: FailedAttempts.Attempt?
    switch attempts.begin(presented.digest, prefix: presented.prefix, address: address) {
    case .over(let denial): throw denial
    case .under(let begun): attempt = begun
    }
    let found: (keyID: UUID, secretID: UUID)?
    do throws(Denial) { found = try await secret(of: presented) } catch {
      attempts.end(attempt, .deny(error))
      throw error
    }
    // Right or wrong is all that the limits want to know: a right one is no guess.
    attempts.end(attempt, .deny(Denial(found == nil ? .wrongSecret : .revoked)))
    guard let found else { return nil }
    var isItsSecret = true
    let changed = try await change(found.keyID, by: actor) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeyRevoked? in
      // It may have been rotated out while it was hashed.
      isItsSecret = stored.key.secrets.contains { $0.id == found.secretID && $0.works(at: now) }
      guard isItsSecret, stored.key.status != .revoked, stored.key.status != .purged else {
        return nil
      }
      stored.key.status = .revoked
      return KeyRevoked(at: now, actor: actor.description, key: KeyFacts(stored, at: now))
    }
    return isItsSecret ? changed : nil
  }

  /// The key of which this is a secret, in whatever state it is, and which one. A secret whose overlap has ended
  /// is nobody's.
  private func secret(
    of token: PresentedToken
  ) async throws(Denial) -> (keyID: UUID, secretID: UUID)? {
    let found: StoredKey?
    do { found = try await lookUp(token.prefix) } catch {
      throw Denial(.storeUnavailable)
    }
    guard let key = found?.key else { return nil }
    for row in key.secrets.reversed() where row.works(at: time.now()) {
      if try await matches(token, row).get() { return (key.id, row.id) }
    }
    return nil
  }
}

extension StoredSecret {
  /// Whether no overlap of it has ended.
  fileprivate func works(at now: Timestamp) -> Bool { endsAt.map { $0 > now } ?? true }
}
