#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// The verdict, if it can be given at once: synchronous, on the caller's thread, never blocking, no store,
  /// no slow hash and no audit sink that has to be waited for. `nil` means: call
  /// ``authenticate(_:requiring:)``.
  public func authenticateIfWarm(
    _ request: some RequestView, requiring requirement: Requirement = .none
  ) -> Verdict? {
    if !asyncAuditSinks.isEmpty { return nil }
    let began = beginMeasuring()
    var memory = PolicyMemory()
    return switch firstLook(request, requirement, &memory) {
    case .exempt(let verdict): verdict
    case .decided(let outcome): conclude(outcome, RequestFacts(request), began)
    case .cold, .session: nil
    }
  }

  /// The verdict on a request. Any failure denies.
  public func authenticate(
    _ request: some RequestView, requiring requirement: Requirement = .none
  ) async -> Verdict {
    let began = beginMeasuring()
    var memory = PolicyMemory()
    switch firstLook(request, requirement, &memory) {
    case .exempt(let verdict): return verdict
    case .decided(let outcome):
      return asyncAuditSinks.isEmpty
        ? conclude(outcome, RequestFacts(request), began)
        : await settle(outcome, RequestFacts(request), began)
    case .cold(let token):
      let facts = RequestFacts(request)
      return await settle(await decide(token, facts, requirement, &memory), facts, began)
    case .session(let tokens):
      let facts = RequestFacts(request)
      return await settle(await decideSession(tokens, facts, requirement, &memory), facts, began)
    }
  }

  /// The verdict on a token that was handed over apart from its request, as `/v1/verify` gets it.
  public func verify(
    token: Secret, facts: RequestFacts, requiring requirement: Requirement = .none
  ) async -> Verdict {
    let began = beginMeasuring()
    var memory = PolicyMemory()
    if isSession(token) {
      return await settle(await decideSession([token], facts, requirement, &memory), facts, began)
    }
    guard let presented = presented(token) else {
      return await settle(denied(.malformed), facts, began)
    }
    return await settle(await decide(presented, facts, requirement, &memory), facts, began)
  }

  /// The parts of a token that was handed over; `nil` if no accepted format parses it.
  func presented(_ token: Secret) -> PresentedToken? {
    token.withUnsafeBytes { bytes in
      guard bytes.count <= Candidate.capacity else { return nil }
      return PresentedToken(
        bytes, digest: primitives.keyedDigest(bytes), formats: formats, primitives: primitives)
    }
  }

  /// A route found that a key which was verified for it lacks something.
  ///
  /// For adapters whose routes say what they demand only after authentication: the request was recorded as
  /// allowed then, and this records and publishes that it was refused after all. A demand that is known before
  /// belongs into `requiring`, where one request makes one record.
  /// - Returns: the denial to answer with; `nil` if the key has what the requirement demands.
  public func refuse(
    _ identity: Identity, request: some RequestView, lacking requirement: Requirement
  ) async -> Denial? {
    let began = beginMeasuring()
    guard let denial = Denial(identity, lacking: requirement) else { return nil }
    let outcome = Outcome(
      verdict: .deny(denial), token: identity.token, presentedPrefix: nil, at: time.now(),
      source: .memory)
    return await settle(outcome, RequestFacts(request), began).denial
  }

  /// The verdict on a key that was let on before, as the key stands now: for what lasts longer than a request, such
  /// as a stream. Nothing is recorded, and no policy is asked.
  /// - Returns: as a rule from memory; after a change of the key or its owner the store is asked once, if the
  ///   identity that is given back is used from then on.
  public func recheck(
    _ identity: Identity, requiring requirement: Requirement = .none
  ) async -> Verdict {
    var known = identity.token
    for _ in 0..<8 {
      var readBegan: UInt64?
      var isStale = false
      if !isTrusted(known, readBegan: nil) {
        readBegan = time.monotonic()
        let readAt = stamps.beforeReading()
        do throws(StoreError) {
          guard let stored = try await store.find(prefix: known.key.prefix) else {
            return .deny(Denial(.unknown))
          }
          known = KnownToken(
            stored, digest: known.digest, stamp: stamps.stamp(readAt: readAt, stored),
            match: stored.key.secrets.first { $0.id == known.secretID }, session: known.session)
        } catch {
          isStale = true
        }
      }
      let denial = judgeLifecycle(known, requirement, time.now())
      if isStale ? isServedStale(known) : isTrusted(known, readBegan: readBegan) {
        return denial.map { .deny($0) } ?? .allow(Identity(token: known))
      }
      if isStale { break }
    }
    return .deny(Denial(.storeUnavailable))
  }

  /// A verdict that was not accounted for yet.
  private struct Outcome {
    var verdict: Verdict
    let token: KnownToken?
    /// What the token presented, if the key is not known.
    let presentedPrefix: String?
    let at: Timestamp
    let source: MeasuredAuthentication.Source

    var prefix: String? { token?.key.prefix ?? presentedPrefix }
  }

  private func denied(
    _ reason: Denial.Reason, prefix: String? = nil,
    source: MeasuredAuthentication.Source = .nowhere
  ) -> Outcome {
    denied(Denial(reason), prefix: prefix, source: source)
  }

  private func denied(
    _ denial: Denial, prefix: String? = nil, source: MeasuredAuthentication.Source = .nowhere
  ) -> Outcome {
    Outcome(
      verdict: .deny(denial), token: nil, presentedPrefix: prefix, at: time.now(), source: source)
  }

  /// When a measurement begins (monotonic); of no meaning without a meter.
  @inline(__always)
  private func beginMeasuring() -> UInt64 { meter == nil ? 0 : time.monotonic() }

  private enum FirstLook {
    /// A request without a token, where none is required: nothing to account for.
    case exempt(Verdict)
    case decided(Outcome)
    case cold(PresentedToken)
    /// What has the shape of a session token.
    case session([Secret])
  }

  /// Extraction, and the verdict from memory if the cache has what it takes. The token's bytes stay on the
  /// stack unless the store has to be asked.
  @inline(__always)
  private func firstLook(
    _ request: some RequestView, _ requirement: Requirement, _ memory: inout PolicyMemory
  ) -> FirstLook {
    withUnsafeTemporaryAllocation(byteCount: Extraction.memory, alignment: 8) { scratch in
      switch extraction.token(of: request, in: scratch) {
      case .refused(let reason):
        return lookForSession(request, requirement, &memory, otherwise: reason)
      case .token(let bytes):
        let digest = primitives.keyedDigest(bytes)
        if let known = cache.find(digest), known.isNamed(by: bytes, primitives),
          let outcome = judgeFromMemory(known, request, requirement, &memory)
        {
          return .decided(outcome)
        }
        let isSession =
          sessions?.recognizes(Span<UInt8>(_bytes: RawSpan(_unsafeBytes: bytes))) ?? false
        guard !isSession,
          let token = PresentedToken(
            bytes, digest: digest, formats: formats, primitives: primitives)
        else { return lookForSession(request, requirement, &memory, otherwise: .malformed) }
        return .cold(token)
      }
    }
  }

  /// What follows for a request in which there is no API key: the verdict on its session, or why it has none.
  @inline(never)
  private func lookForSession(
    _ request: some RequestView, _ requirement: Requirement, _ memory: inout PolicyMemory,
    otherwise reason: Denial.Reason
  ) -> FirstLook {
    if let sessions, reason != .ambiguous {
      do throws(ExtractionRefusal) {
        let (tokens, setAside) = try sessionTokens(in: request, sessions)
        if tokens.count == 1, let known = cache.find(digest(of: tokens[0])),
          known.session != nil, let outcome = judgeFromMemory(known, request, requirement, &memory)
        {
          return .decided(outcome)
        }
        if !tokens.isEmpty { return .session(tokens) }
        if setAside { return .decided(denied(.malformed)) }
      } catch {
        return .decided(denied(error == .repeated ? .ambiguous : .malformed))
      }
    }
    if reason == .missing, requirement.isOptional { return .exempt(.deny(Denial(.missing))) }
    return .decided(denied(reason))
  }

  /// The verdict on a remembered token; `nil` if memory is not enough.
  @inline(__always)
  private func judgeFromMemory(
    _ known: KnownToken, _ request: some RequestView, _ requirement: Requirement,
    _ memory: inout PolicyMemory
  ) -> Outcome? {
    guard isTrusted(known, readBegan: nil), !policies.asksSomebodyElse(about: known)
    else { return nil }
    let now = time.now()
    var verdict: Verdict
    if let denial = policies.denialBefore(
      PolicyContext(
        request: RequestFacts(request), prefix: known.key.prefix, identity: nil, now: now), &memory)
    {
      verdict = .deny(denial)
    } else {
      verdict = judge(known, RequestFacts(request), requirement, now, &memory)
      // Last of all: had the key changed meanwhile, or the lease run out, this says nothing.
      guard isTrusted(known, readBegan: nil) else { return nil }
      if !known.wasRight,
        let denial = attempts.denialOfKnownWrong(
          prefix: known.key.prefix, address: request.clientAddress)
      {
        verdict = .deny(denial)
      }
    }
    return Outcome(
      verdict: verdict, token: known, presentedPrefix: nil, at: now, source: .memory)
  }

  /// The verdict on the session that one of these tokens stands for.
  private func decideSession(
    _ tokens: [Secret], _ facts: RequestFacts, _ requirement: Requirement,
    _ memory: inout PolicyMemory
  ) async -> Outcome {
    switch presentedSession(tokens) {
    case .success(let token): return await decide(token, facts, requirement, &memory)
    case .failure(let denial):
      let limited =
        denial.isSessionGuess ? attempts.denialOfSession(address: facts.clientAddress) : nil
      return denied(limited ?? denial)
    }
  }

  /// The verdict with store and hasher at hand, unless policies or too many failed attempts deny before.
  private func decide(
    _ token: PresentedToken, _ facts: RequestFacts, _ requirement: Requirement,
    _ memory: inout PolicyMemory
  ) async -> Outcome {
    if let denial = policies.denialBefore(
      PolicyContext(request: facts, prefix: token.prefix, identity: nil, now: time.now()), &memory)
    {
      return denied(denial, prefix: token.prefix)
    }
    var remembered = cache.find(token.digest)
    if let known = remembered, !known.has(prefix: token.prefix) { remembered = nil }
    // A session token that its issuer has read is no guess, nor is one that was right once.
    if token.session != nil || remembered?.wasRight ?? false {
      return await decide(token, facts, requirement, &memory, remembering: remembered)
    }
    switch attempts.begin(token.digest, prefix: token.prefix, address: facts.clientAddress) {
    case .over(let denial): return denied(denial, prefix: token.prefix)
    case .under(let attempt):
      let outcome = await decide(token, facts, requirement, &memory, remembering: remembered)
      attempts.end(attempt, outcome.verdict)
      return outcome
    }
  }

  private func decide(
    _ token: PresentedToken, _ facts: RequestFacts, _ requirement: Requirement,
    _ memory: inout PolicyMemory, remembering known: KnownToken?
  ) async -> Outcome {
    var remembered = known
    var source = MeasuredAuthentication.Source.memory
    // Each round reads the key and decides on that reading; it counts only if the key did not change
    // meanwhile. A client whose key changes all the time is told to come back.
    for _ in 0..<8 {
      var isStale = false
      var readBegan: UInt64?
      var entry = remembered
      if entry.map({ !isTrusted($0, readBegan: nil) }) ?? true {
        readBegan = time.monotonic()
        source = .store
        switch await read(token, remembering: remembered) {
        case .entry(let fresh): entry = fresh
        case .denied(let reason):
          return denied(reason, prefix: token.prefix, source: source)
        case .unreachable:
          guard let stale = remembered, isServedStale(stale) else {
            return denied(.storeUnavailable, prefix: token.prefix, source: source)
          }
          entry = stale
          isStale = true
        }
      }
      guard let entry else { break }
      remembered = entry
      var now = time.now()
      var verdict = judge(entry, facts, requirement, now, &memory)
      if case .allow(let identity) = verdict, policies.asksSomebodyElse(about: entry) {
        let context = PolicyContext(
          request: facts, prefix: token.prefix, identity: identity, now: now)
        if let denial = await policies.denialElsewhere(context, identity, &memory) {
          verdict = .deny(denial)
        } else {
          // It took its time: expiry is judged again.
          now = time.now()
          verdict =
            judgeLifecycle(entry, requirement, now).map { .deny($0) }
            ?? .allow(Identity(token: entry))
        }
        verdict.note(memory.limits)
      }
      if isStale ? isServedStale(entry) : isTrusted(entry, readBegan: readBegan) {
        return Outcome(
          verdict: verdict, token: entry, presentedPrefix: token.prefix, at: now, source: source)
      }
    }
    return denied(.storeUnavailable, prefix: token.prefix, source: source)
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
      session: token.session, naming: token.naming, wasRight: known?.wasRight ?? false)
    cache.insert(entry)
    if let match, token.session == nil { upgradeIfNeeded(stored, match, token.secret) }
    return .entry(entry)
  }

  func matches(
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
    _ now: Timestamp, _ memory: inout PolicyMemory
  ) -> Verdict {
    if let denial = judgeLifecycle(known, requirement, now) { return .deny(denial) }
    let identity = Identity(token: known)
    if policies.after.isEmpty { return .allow(identity) }
    let denial = policies.denialAfter(
      PolicyContext(request: facts(), prefix: known.key.prefix, identity: identity, now: now),
      &memory)
    var verdict = denial.map { Verdict.deny($0) } ?? .allow(identity)
    verdict.note(memory.limits)
    return verdict
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
    guard known.shortfall(of: requirement) != nil else { return nil }
    return Denial(Identity(token: known), lacking: requirement)
  }

  /// Notes from where the older secret of a rotation was used.
  private func noteAddress(of facts: RequestFacts, _ token: KnownToken) {
    guard let address = facts.clientAddress, let id = token.secretID else { return }
    let digest = primitives.sha256(withUnsafeBytes(of: id.uuid) { Array($0) } + address.utf8)
    token.note(address: digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// Accounts for a verdict where an audit sink has to be waited for; then as ``conclude`` does.
  private func settle(
    _ outcome: Outcome, _ facts: RequestFacts, _ began: UInt64
  ) async -> Verdict {
    if asyncAuditSinks.isEmpty { return conclude(outcome, facts, began) }
    var outcome = outcome
    var recorded = 0
    for sink in asyncAuditSinks {
      do {
        try await sink.record(event(outcome, facts))
        recorded += 1
      } catch {
        outcome.verdict = afterAuditFailure(sink.id, outcome.verdict)
      }
    }
    let verdict = conclude(outcome, facts, began)
    if verdict.denial != outcome.verdict.denial {
      // A sink that need not be waited for failed: what the others hold is followed by what came of it.
      outcome.verdict = verdict
      for sink in asyncAuditSinks.prefix(recorded) {
        try? await sink.record(event(outcome, facts))
      }
    }
    return verdict
  }

  /// Accounts for a verdict: usage, audit, signals, the meter. The audit comes first; if it fails, the request is denied.
  @inline(__always)
  private func conclude(
    _ outcome: Outcome, _ facts: @autoclosure () -> RequestFacts, _ began: UInt64
  ) -> Verdict {
    var outcome = outcome
    var recorded = 0
    for sink in auditSinks {
      do {
        try sink.record([event(outcome, facts())])
        recorded += 1
      } catch {
        outcome.verdict = afterAuditFailure(sink.id, outcome.verdict)
        guard case .deny = outcome.verdict else { continue }
        for sink in auditSinks.prefix(recorded) { try? sink.record([event(outcome, facts())]) }
        break
      }
    }
    switch outcome.verdict {
    case .allow:
      if let token = outcome.token {
        if token.notesAddresses { noteAddress(of: facts(), token) }
        if usage.note(token, at: outcome.at) {
          attempts.noteSuccess(prefix: token.key.prefix, address: facts().clientAddress)
        }
      }
      if let session = outcome.token?.session {
        sessions?.noteUse(of: session, at: outcome.at)
      } else {
        signals.publish(UserLoggedIn(event: event(outcome, facts())))
      }
    case .deny(let denial) where denial.reason == .rateLimited:
      signals.publish(RateLimited(event: event(outcome, facts())))
    case .deny:
      signals.publish(AuthenticationFailed(event: event(outcome, facts())))
    }
    if let meter {
      meter.note(
        MeasuredAuthentication(
          reason: outcome.verdict.denial?.reason, source: outcome.source,
          nanoseconds: time.monotonic() &- began))
    }
    return outcome.verdict
  }

  private func event(_ outcome: Outcome, _ facts: RequestFacts) -> AccessEvent {
    let denial = outcome.verdict.denial
    return AccessEvent(
      at: outcome.at, reason: denial?.reason, keyID: outcome.token?.key.id, prefix: outcome.prefix,
      owner: outcome.token?.owner?.name, request: facts, session: outcome.token?.session?.id,
      status: denial?.status ?? 200, policy: denial?.policy?.code)
  }

  /// What can't be accounted for is denied, unless `audit.on_failure` says to allow it; either way
  /// `listener_failed` tells of it.
  private func afterAuditFailure(_ sink: String, _ verdict: Verdict) -> Verdict {
    let verdict: Verdict =
      configuration.auditOnFailure == .allow ? verdict : .deny(Denial(.auditUnavailable))
    signals.publish(
      ListenerFailed(
        listener: sink, signal: AccessDraft.action(for: verdict.denial?.reason), failure: .threw,
        count: auditFailures.add()))
    return verdict
  }
}
