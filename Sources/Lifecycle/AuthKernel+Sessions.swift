extension AuthKernel {
  /// Exchanges a verified key for a session, whose token is in the result and nowhere else.
  ///
  /// The session ends with the key's own expiry at the latest, and with the secret that was presented. It is
  /// no change: nothing is stored, and the signal log says nothing of it.
  /// - Parameters:
  ///   - identity: of the verdict on a request with the key itself.
  ///   - scopes: what the session may do, within what the key grants; `nil` is everything that it does.
  public func createSession(
    for identity: Identity, scopes: [String]? = nil
  ) throws(LifecycleError) -> IssuedSession {
    guard let sessions else { throw .sessionsOff }
    guard identity.session == nil, let secretID = identity.token.secretID else {
      throw .keyRequired
    }
    for scope in scopes ?? [] where !ScopeSet.isValid(scope) {
      throw .invalid(field: "scopes", reason: "one of them is no scope name")
    }
    let granted = scopes.map { ScopeSet($0) } ?? identity.scopes
    guard identity.scopes.covers(granted) else {
      throw .beyondActor("not every one of these scopes is among it")
    }
    // The verdict may be older than a change.
    let now = time.now()
    guard stamps.isCurrent(identity.token.stamp), identity.token.denial(at: now) == nil else {
      throw .conflict
    }
    let ends = [now.adding(sessions.lifetime), identity.expiresAt, identity.token.secretEndsAt]
    let session = SessionFacts(
      id: newID(), keyID: identity.keyID, prefix: identity.prefix, secretID: secretID,
      scopes: granted, issuedAt: now.wholeSeconds,
      expiresAt: (ends.compactMap { $0 }.min() ?? now).wholeSeconds)
    do throws(SessionError) {
      let token = try sessions.issue(SessionRequest(session: session, identity: identity))
      return IssuedSession(session: session, token: token)
    } catch .full {
      throw .sessionLimit
    } catch {
      throw .invalid(field: "scopes", reason: "they do not fit into a token; ask for fewer")
    }
  }

  /// Ends the session that a request came with: from the return on this process refuses its token.
  ///
  /// Other nodes, and whoever verifies a signed token without asking, take it until it expires.
  /// - Parameters:
  ///   - identity: of the verdict on a request with the session's token.
  ///   - request: what the access log and the signal `user_logged_out` say of it.
  public func logOut(
    _ identity: Identity, request: RequestFacts
  ) async throws(LifecycleError) {
    guard let sessions else { throw .sessionsOff }
    guard let session = identity.session else { throw .sessionRequired }
    do throws(SessionError) {
      try sessions.end(session, at: time.now())
    } catch { throw .sessionLimit }
    await recordLogOut(
      of: session.id, keyID: identity.keyID, prefix: identity.prefix, owner: identity.owner,
      request: request)
  }
}

extension Timestamp {
  /// This moment without its fraction of a second.
  fileprivate var wholeSeconds: Timestamp {
    Timestamp(milliseconds: milliseconds - (milliseconds % 1_000 + 1_000) % 1_000)
  }
}
