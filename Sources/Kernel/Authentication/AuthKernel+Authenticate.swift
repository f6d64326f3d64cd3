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
    if waitsForAudit { return nil }
    let began = beginMeasuring()
    var memory = PolicyMemory()
    switch firstLook(request, requirement, &memory) {
    case .exempt(let verdict): return verdict
    case .decided(let outcome): return conclude(outcome, RequestFacts(request), began)
    case .cold(let token):
      return outcomeOfFlood(token, request).map { conclude($0, RequestFacts(request), began) }
    case .session: return nil
    }
  }

  /// The verdict, or who brings it: for who must not suspend, as an event loop. Synchronous, on the caller's thread,
  /// never blocking.
  public func authenticatePromptly(
    _ request: some RequestView, requiring requirement: Requirement = .none
  ) -> PromptVerdict {
    let began = beginMeasuring()
    var memory = PolicyMemory()
    let stage: PendingVerdict.Stage
    switch firstLook(request, requirement, &memory) {
    case .exempt(let verdict): return .settled(verdict)
    case .decided(let outcome): stage = .decided(outcome)
    case .cold(let token):
      stage = outcomeOfFlood(token, request).map { .decided($0) } ?? .cold(token)
    case .session(let tokens): stage = .session(tokens)
    }
    if case .decided(let outcome) = stage, !waitsForAudit {
      return .settled(conclude(outcome, RequestFacts(request), began))
    }
    return .pending(
      PendingVerdict(
        kernel: self, stage: stage, facts: RequestFacts(request), began: began,
        requirement: requirement, memory: memory))
  }

  /// The verdict on a request. Any failure denies.
  public func authenticate(
    _ request: some RequestView, requiring requirement: Requirement = .none
  ) async -> Verdict {
    switch authenticatePromptly(request, requiring: requirement) {
    case .settled(let verdict): verdict
    case .pending(let verdict): await verdict.value
    }
  }

  /// The verdict on a token that was handed over apart from its request, as `/v1/verify` gets it.
  public func verify(
    token: Secret, facts: RequestFacts, requiring requirement: Requirement = .none
  ) async -> Verdict {
    let began = beginMeasuring()
    let stage: PendingVerdict.Stage =
      isSession(token)
      ? .session([token])
      : presented(token).map { .cold($0) } ?? .decided(denied(.malformed))
    return await PendingVerdict(
      kernel: self, stage: stage, facts: facts, began: began, requirement: requirement
    ).value
  }

  /// The parts of a token that was handed over; `nil` if no accepted format parses it.
  package func presented(_ token: Secret) -> PresentedToken? {
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
    guard let denial = Denial(identity, lacking: requirement) else { return nil }
    return await refuse(identity, request: request, as: denial)
  }

  /// The same, for whatever reason the adapter has.
  /// - Returns: the denial to answer with: another if it could not be recorded.
  public func refuse(
    _ identity: Identity, request: some RequestView, as denial: Denial
  ) async -> Denial {
    let began = beginMeasuring()
    let outcome = Outcome(
      verdict: .deny(denial), token: identity.token, presentedPrefix: nil, at: time.now(),
      source: .memory)
    let recorded = PendingVerdict(
      kernel: self, stage: .decided(outcome), facts: RequestFacts(request), began: began)
    return await recorded.value.denial ?? denial
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
    // Not handed through the allocation as its result: what is generic there would copy it.
    var look: FirstLook?
    withUnsafeTemporaryAllocation(byteCount: Extraction.memory, alignment: 8) { scratch in
      var reason = Denial.Reason.malformed
      switch extraction.token(of: request, in: scratch) {
      case .refused(let why): reason = why
      case .token(let bytes):
        look = self.look(at: bytes, { RequestFacts(request) }, requirement, &memory)
      }
      if look == nil { look = lookForSession(request, requirement, &memory, otherwise: reason) }
    }
    return look ?? .decided(denied(.failed))
  }

  /// The same, once the token's bytes are found; `nil` if no accepted format reads them.
  ///
  /// What is told of the request comes as a closure, so that nothing here is generic: that is what makes it quick for
  /// requests of types that this module does not know.
  private func look(
    at bytes: UnsafeRawBufferPointer, _ facts: () -> RequestFacts, _ requirement: Requirement,
    _ memory: inout PolicyMemory
  ) -> FirstLook? {
    let digest = keyedDigest(bytes)
    if let known = cache.find(digest), known.isNamed(by: bytes, primitives),
      let outcome = judgeFromMemory(known, facts, requirement, &memory)
    {
      return .decided(outcome)
    }
    return lookPastMemory(at: bytes, digest)
  }

  @inline(never)
  private func lookPastMemory(
    at bytes: UnsafeRawBufferPointer, _ digest: Digest128
  ) -> FirstLook? {
    if sessions?.recognizes(Span<UInt8>(_bytes: RawSpan(_unsafeBytes: bytes))) ?? false {
      return nil
    }
    return PresentedToken(bytes, digest: digest, formats: formats, primitives: primitives).map {
      .cold($0)
    }
  }

  /// The denial of a token that is not known, where too many before it have failed: so that a flood costs no task.
  /// `nil` where a policy has to be asked first, or the limits let it through.
  @inline(never)
  private func outcomeOfFlood(_ token: PresentedToken, _ request: some RequestView) -> Outcome? {
    guard policies.before.isEmpty, !(cache.find(token.digest)?.wasRight ?? false),
      let denial = attempts.denialOfFlood(
        token.digest, prefix: token.prefix, address: request.clientAddress)
    else { return nil }
    return denied(denial, prefix: token.prefix)
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
          known.session != nil,
          let outcome = judgeFromMemory(known, { RequestFacts(request) }, requirement, &memory)
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
    _ known: KnownToken, _ facts: () -> RequestFacts, _ requirement: Requirement,
    _ memory: inout PolicyMemory
  ) -> Outcome? {
    guard isTrusted(known, readBegan: nil), !policies.asksSomebodyElse(about: known)
    else { return nil }
    let now = time.now()
    var verdict: Verdict
    var until = UInt64.max
    if let denial = policies.denialBefore(
      PolicyContext(request: facts(), prefix: known.key.prefix, identity: nil, now: now), &memory)
    {
      verdict = .deny(denial)
    } else {
      verdict = judge(known, facts(), requirement, now, &memory)
      // Last of all: had the key changed meanwhile, or the lease run out, this says nothing.
      until = trustEnd(of: known, readBegan: nil)
      guard until > 0 else { return nil }
      // A session that its issuer has read is no guess.
      if !known.wasRight, known.session == nil,
        let denial = attempts.denialOfKnownWrong(
          prefix: known.key.prefix, address: facts().clientAddress)
      {
        verdict = .deny(denial)
      }
    }
    return Outcome(
      verdict: verdict, token: known, presentedPrefix: nil, at: now, source: .memory, until: until)
  }

  /// The verdict on the session that one of these tokens stands for.
  func decideSession(
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
  func decide(
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
        source = .store
        let reading = await reading(token, remembering: remembered)
        readBegan = reading.began
        switch reading.found {
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
      let until = isStale ? staleEnd(of: entry) : trustEnd(of: entry, readBegan: readBegan)
      if until > 0 {
        return Outcome(
          verdict: verdict, token: entry, presentedPrefix: token.prefix, at: now, source: source,
          until: until)
      }
    }
    return denied(.storeUnavailable, prefix: token.prefix, source: source)
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
  func judgeLifecycle(
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
}
