#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// The verdict, if it can be given at once: synchronous, on the caller's thread, never blocking, no store
  /// and no slow hash. `nil` means: call ``authenticate(_:requiring:)``.
  public func authenticateIfWarm(
    _ request: some RequestView, requiring requirement: Requirement = .none
  ) -> Verdict? {
    if case .decided(let verdict) = firstLook(request, requirement) { verdict } else { nil }
  }

  /// The verdict on a request. Any failure denies.
  public func authenticate(
    _ request: some RequestView, requiring requirement: Requirement = .none
  ) async -> Verdict {
    switch firstLook(request, requirement) {
    case .decided(let verdict): return verdict
    case .cold(let token): return await decide(token, RequestFacts(request), requirement)
    case .session(let tokens):
      return await decideSession(tokens, RequestFacts(request), requirement)
    }
  }

  /// The verdict on a token that was handed over apart from its request, as `/v1/verify` gets it.
  public func verify(
    token: Secret, facts: RequestFacts, requiring requirement: Requirement = .none
  ) async -> Verdict {
    if isSession(token) { return await decideSession([token], facts, requirement) }
    let presented: PresentedToken? = token.withUnsafeBytes { bytes in
      guard bytes.count <= Candidate.capacity else { return nil }
      return PresentedToken(
        bytes, digest: primitives.keyedDigest(bytes), formats: extraction.formats)
    }
    guard let presented else {
      return conclude(.deny(Denial(.malformed)), nil, facts, time.now())
    }
    return await decide(presented, facts, requirement)
  }

  private enum FirstLook {
    case decided(Verdict)
    case cold(PresentedToken)
    /// What has the shape of a session token.
    case session([Secret])
  }

  /// Extraction, and the verdict from memory if the cache has what it takes. The token's bytes stay on the
  /// stack unless the store has to be asked.
  @inline(__always)
  private func firstLook(_ request: some RequestView, _ requirement: Requirement) -> FirstLook {
    withUnsafeTemporaryAllocation(byteCount: Extraction.memory, alignment: 8) { memory in
      switch extraction.token(of: request, in: memory) {
      case .refused(let reason):
        return lookForSession(request, requirement, otherwise: reason)
      case .token(let bytes):
        let digest = primitives.keyedDigest(bytes)
        if let known = cache.find(digest), known.isPrefixed(bytes),
          let verdict = judgeFromMemory(known, request, requirement)
        {
          return .decided(verdict)
        }
        let isSession =
          sessions?.recognizes(Span<UInt8>(_bytes: RawSpan(_unsafeBytes: bytes))) ?? false
        guard !isSession,
          let token = PresentedToken(bytes, digest: digest, formats: extraction.formats)
        else { return lookForSession(request, requirement, otherwise: .malformed) }
        return .cold(token)
      }
    }
  }

  /// What follows for a request in which there is no API key: the verdict on its session, or why it has none.
  @inline(never)
  private func lookForSession(
    _ request: some RequestView, _ requirement: Requirement, otherwise reason: Denial.Reason
  ) -> FirstLook {
    func refused(_ reason: Denial.Reason) -> FirstLook {
      .decided(conclude(.deny(Denial(reason)), nil, RequestFacts(request), time.now()))
    }
    if let sessions, reason != .ambiguous {
      do throws(ExtractionRefusal) {
        let (tokens, setAside) = try sessionTokens(in: request, sessions)
        if tokens.count == 1, let known = cache.find(digest(of: tokens[0])),
          known.session != nil, let verdict = judgeFromMemory(known, request, requirement)
        {
          return .decided(verdict)
        }
        if !tokens.isEmpty { return .session(tokens) }
        if setAside { return refused(.malformed) }
      } catch {
        return refused(error == .repeated ? .ambiguous : .malformed)
      }
    }
    if reason == .missing, requirement.isOptional { return .decided(.deny(Denial(.missing))) }
    return refused(reason)
  }

  /// The verdict on a remembered token; `nil` if memory is not enough.
  @inline(__always)
  private func judgeFromMemory(
    _ known: KnownToken, _ request: some RequestView, _ requirement: Requirement
  ) -> Verdict? {
    guard isTrusted(known, readBegan: nil), !policies.asksSomebodyElse(about: known)
    else { return nil }
    let now = time.now()
    let verdict =
      policies.denialBefore(
        PolicyContext(
          request: RequestFacts(request), prefix: known.key.prefix, identity: nil, now: now)
      ).map { Verdict.deny($0) } ?? judge(known, RequestFacts(request), requirement, now)
    // Last of all: had the key changed meanwhile, or the lease run out, this says nothing.
    guard isTrusted(known, readBegan: nil) else { return nil }
    return conclude(verdict, known.key.prefix, token: known, RequestFacts(request), now)
  }

  /// The verdict on the session that one of these tokens stands for.
  private func decideSession(
    _ tokens: [Secret], _ facts: RequestFacts, _ requirement: Requirement
  ) async -> Verdict {
    switch presentedSession(tokens) {
    case .success(let token): return await decide(token, facts, requirement)
    case .failure(let denial): return conclude(.deny(denial), nil, facts, time.now())
    }
  }

  /// The verdict with store and hasher at hand.
  private func decide(
    _ token: PresentedToken, _ facts: RequestFacts, _ requirement: Requirement
  ) async -> Verdict {
    if let denial = policies.denialBefore(
      PolicyContext(request: facts, prefix: token.prefix, identity: nil, now: time.now()))
    {
      return conclude(.deny(denial), token.prefix, facts, time.now())
    }
    var remembered = cache.find(token.digest)
    if let known = remembered, !known.has(prefix: token.prefix) { remembered = nil }
    // Each round reads the key and decides on that reading; it counts only if the key did not change
    // meanwhile. A client whose key changes all the time is told to come back.
    for _ in 0..<8 {
      var isStale = false
      var readBegan: UInt64?
      var entry = remembered
      if entry.map({ !isTrusted($0, readBegan: nil) }) ?? true {
        readBegan = time.monotonic()
        switch await read(token, remembering: remembered) {
        case .entry(let fresh): entry = fresh
        case .denied(let reason):
          return conclude(.deny(Denial(reason)), token.prefix, facts, time.now())
        case .unreachable:
          guard let stale = remembered, isServedStale(stale) else {
            return conclude(.deny(Denial(.storeUnavailable)), token.prefix, facts, time.now())
          }
          entry = stale
          isStale = true
        }
      }
      guard let entry else { break }
      remembered = entry
      var now = time.now()
      var verdict = judge(entry, facts, requirement, now)
      if case .allow(let identity) = verdict, policies.asksSomebodyElse(about: entry) {
        let context = PolicyContext(
          request: facts, prefix: token.prefix, identity: identity, now: now)
        if let denial = await policies.denialElsewhere(context, identity) {
          verdict = .deny(denial)
        } else {
          // It took its time: expiry is judged again.
          now = time.now()
          verdict = judgeLifecycle(entry, requirement, now).map { .deny($0) } ?? verdict
        }
      }
      if isStale ? isServedStale(entry) : isTrusted(entry, readBegan: readBegan) {
        return conclude(verdict, token.prefix, token: entry, facts, now)
      }
    }
    return conclude(.deny(Denial(.storeUnavailable)), token.prefix, facts, time.now())
  }

  private enum Reading {
    case entry(KnownToken)
    case denied(Denial.Reason)
    case unreachable
  }

  /// Reads the key and finds the secret row that the token matches, by memory where possible, else by hash.
  private func read(
    _ token: PresentedToken, remembering known: KnownToken?
  ) async -> Reading {
    let readAt = stamps.beforeReading()
    let found: StoredKey?
    do { found = try await store.find(prefix: token.prefix) } catch { return .unreachable }
    guard let stored = found else { return .denied(.unknown) }
    if stored.key.status == .purged { return .denied(.purged) }

    let rows = stored.key.secrets
    let rowID = known?.secretID ?? token.session?.secretID
    var match = rows.first { $0.id == rowID }
    if match == nil, token.session == nil {
      for row in rows.reversed() where known?.isWrong(for: row) != true {
        switch await matches(token, row) {
        case .success(true): match = row
        case .success(false): continue
        case .failure(let denial): return .denied(denial.reason)
        }
        break
      }
    }
    let entry = KnownToken(
      stored, digest: token.digest, stamp: stamps.stamp(readAt: readAt, stored), match: match,
      session: token.session)
    cache.insert(entry)
    if let match, token.session == nil { upgradeIfNeeded(stored, match, token.secret) }
    return .entry(entry)
  }

  private func matches(
    _ token: PresentedToken, _ row: StoredSecret
  ) async -> Result<Bool, Denial> {
    guard let hasher = hashers[row.hash.algorithm] else { return .failure(Denial(.failed)) }
    let request = VerifyRequest(secret: token.secret, hash: row.hash)
    let work: @Sendable () -> Result<Bool, Denial> = {
      do { return .success(try hasher.verify(request)) } catch { return .failure(Denial(.failed)) }
    }
    if hasher.cost == .fast { return work() }
    do { return try await pool.run(for: token.prefix, work) } catch {
      return .failure(Denial(.overloaded))
    }
  }

  /// Hashes a secret again in the background if its hash is not what would be made today.
  private func upgradeIfNeeded(_ stored: StoredKey, _ row: StoredSecret, _ secret: Secret) {
    // Not while requests wait for a hash: the next cold reading comes round to it.
    guard pool.waiting == 0, let preferred = hashers[configuration.preferredHasher],
      stored.key.status == .active,
      row.hash.algorithm != preferred.algorithm || preferred.needsRehash(row.hash)
    else { return }
    upgrades.start(row.id) { [self] in
      guard let hash = try? await hashed(secret, prefix: stored.key.prefix) else { return }
      await upgrade(stored, row, to: hash)
    }
  }

  /// Whether what is known is current and, where others share the store, confirmed within the lease: by
  /// the poll, or by a reading that began less than a lease ago.
  @inline(__always)
  private func isTrusted(_ token: KnownToken, readBegan: UInt64?) -> Bool {
    guard stamps.isCurrent(token.stamp) else { return false }
    guard isShared else { return true }
    let now = time.monotonic()
    if let readBegan, now &- readBegan < configuration.lease.nanoseconds { return true }
    return lease?.isValid(at: now) ?? false
  }

  /// Whether a key may be served from memory although the store can't be reached (`cache.max_stale`).
  private func isServedStale(_ token: KnownToken) -> Bool {
    guard configuration.maxStale > .zero, stamps.isCurrent(token.stamp) else { return false }
    let grace = configuration.maxStale.nanoseconds
    let now = time.monotonic()
    return lease?.isValid(at: now > grace ? now - grace : 0) ?? false
  }

  /// What follows right now from what is known of a token.
  @inline(__always)
  private func judge(
    _ known: KnownToken, _ facts: @autoclosure () -> RequestFacts, _ requirement: Requirement,
    _ now: Timestamp
  ) -> Verdict {
    if let denial = judgeLifecycle(known, requirement, now) { return .deny(denial) }
    let identity = Identity(token: known)
    if let denial = policies.denialAfter(
      PolicyContext(
        request: facts(), prefix: known.key.prefix, identity: identity, now: now))
    {
      return .deny(denial)
    }
    return .allow(identity)
  }

  @inline(__always)
  private func judgeLifecycle(
    _ known: KnownToken, _ requirement: Requirement, _ now: Timestamp
  ) -> Denial? {
    if let session = known.session, let sessions,
      let refusal = sessions.refusal(of: session, at: now)
    {
      return Denial(refusal.reason)
    }
    if let reason = known.denial(at: now) { return Denial(reason) }
    return known.shortfall(of: requirement).map { Denial($0, verified: true) }
  }

  /// Accounts for a verdict: usage, audit, signals. The audit comes first; if it fails, the request is denied.
  @inline(__always)
  private func conclude(
    _ verdict: Verdict, _ prefix: @autoclosure () -> String?, token: KnownToken? = nil,
    _ facts: @autoclosure () -> RequestFacts, _ now: Timestamp
  ) -> Verdict {
    func event(_ reason: Denial.Reason?) -> AccessEvent {
      AccessEvent(
        at: now, reason: reason, keyID: token?.key.id, prefix: prefix(),
        owner: token?.owner?.name, request: facts(), session: token?.session?.id)
    }
    var verdict = verdict
    if !auditSinks.isEmpty {
      var recorded = 0
      do {
        for sink in auditSinks {
          try sink.record([event(verdict.denial?.reason)])
          recorded += 1
        }
      } catch {
        verdict = .deny(Denial(.auditUnavailable))
        for sink in auditSinks.prefix(recorded) { try? sink.record([event(.auditUnavailable)]) }
      }
    }
    switch verdict {
    case .allow:
      if let token { usage.note(token, at: now) }
      if let session = token?.session {
        sessions?.noteUse(of: session, at: now)
      } else {
        signals.publish(UserLoggedIn(event: event(nil)))
      }
    case .deny(let denial) where denial.reason == .rateLimited:
      signals.publish(RateLimited(event: event(denial.reason)))
    case .deny(let denial):
      signals.publish(AuthenticationFailed(event: event(denial.reason)))
    }
    return verdict
  }
}
