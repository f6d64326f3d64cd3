#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// A verdict that was not accounted for yet.
  struct Outcome {
    var verdict: Verdict
    let token: KnownToken?
    /// What the token presented, if the key is not known.
    let presentedPrefix: String?
    let at: Timestamp
    let source: MeasuredAuthentication.Source

    var prefix: String? { token?.key.prefix ?? presentedPrefix }
  }

  /// When a measurement begins (monotonic); of no meaning without a meter.
  @inline(__always)
  func beginMeasuring() -> UInt64 { meter == nil ? 0 : time.monotonic() }

  /// Accounts for a verdict where an audit sink has to be waited for; then as ``conclude`` does.
  func settle(
    _ outcome: Outcome, _ facts: RequestFacts, _ began: UInt64
  ) async -> Verdict {
    if asyncAuditSinks.isEmpty { return conclude(outcome, facts, began) }
    var outcome = outcome
    var recorded: [any AsyncAuditSink] = []
    for sink in asyncAuditSinks {
      do {
        try await sink.record(event(outcome, facts))
        recorded.append(sink)
      } catch {
        outcome.verdict = afterAuditFailure(sink.id, outcome.verdict)
      }
    }
    let verdict = conclude(outcome, facts, began)
    if verdict.denial != outcome.verdict.denial {
      // A sink that need not be waited for failed: what the others hold is followed by what came of it.
      outcome.verdict = verdict
      for sink in recorded { try? await sink.record(event(outcome, facts)) }
    }
    return verdict
  }

  /// As ``settle(_:_:_:)``, for who must not suspend.
  ///
  /// - Parameters:
  ///   - outcome: what the sinks before `index` made of it.
  ///   - recorded: those of them that took it.
  ///   - resume: runs what follows a sink's answer, elsewhere than on the sink's thread.
  func settle(
    _ outcome: Outcome, _ unsettled: UnsettledVerdict, from index: Int,
    recorded: [any AsyncAuditSink], resuming resume: @escaping UnsettledVerdict.Resume,
    then done: @escaping @Sendable (Verdict) -> Void
  ) {
    guard index < asyncAuditSinks.count else {
      var outcome = outcome
      let verdict = conclude(outcome, unsettled.facts, unsettled.began)
      guard verdict.denial != outcome.verdict.denial else { return done(verdict) }
      outcome.verdict = verdict
      return correct(recorded[...], event(outcome, unsettled.facts)) { resume { done(verdict) } }
    }
    let sink = asyncAuditSinks[index]
    sink.record(event(outcome, unsettled.facts)) { [self] failure in
      resume { [self] in
        var outcome = outcome
        if failure != nil { outcome.verdict = afterAuditFailure(sink.id, outcome.verdict) }
        settle(
          outcome, unsettled, from: index + 1, recorded: recorded + (failure == nil ? [sink] : []),
          resuming: resume, then: done)
      }
    }
  }

  /// Tells sinks, one after the other, what came of what they recorded.
  private func correct(
    _ sinks: ArraySlice<any AsyncAuditSink>, _ event: AccessEvent,
    then done: @escaping @Sendable () -> Void
  ) {
    guard let sink = sinks.first else { return done() }
    sink.record(event) { [self] _ in correct(sinks.dropFirst(), event, then: done) }
  }

  /// Accounts for a verdict: usage, audit, signals, the meter. The audit comes first; if it fails, the request is denied.
  @inline(__always)
  func conclude(
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

  /// Accounts for a session that its user has ended: audit, then the signal. It has ended whatever becomes of this:
  /// of a sink that fails `listener_failed` tells, and nothing is denied.
  public func recordLogOut(
    of session: UUID, keyID: UUID?, prefix: String?, owner: String?, request: RequestFacts
  ) async {
    let event = AccessEvent(
      .logOut, at: time.now(), reason: nil, keyID: keyID, prefix: prefix, owner: owner,
      request: request, session: session)
    _ = await record(event)
    signals.publish(UserLoggedOut(event: event))
  }

  /// Accounts for an owner for whom the host application vouched, and who came without a key: audit, then the signal.
  /// - Throws: `audit_unavailable` if it can't be recorded, unless `audit.on_failure` lets that pass: nobody is to be
  ///   let in then.
  public func recordLogIn(
    of session: UUID, owner: String, request: RequestFacts
  ) async throws(Denial) {
    let event = AccessEvent(
      at: time.now(), reason: nil, keyID: nil, prefix: nil, owner: owner, request: request,
      session: session)
    let isRecorded = await record(event)
    guard isRecorded || configuration.auditOnFailure == .allow else {
      throw Denial(.auditUnavailable)
    }
    signals.publish(UserLoggedIn(event: event))
  }

  /// Whether every sink took it; of each that did not `listener_failed` tells.
  private func record(_ event: AccessEvent) async -> Bool {
    var isRecorded = true
    for sink in asyncAuditSinks {
      do { try await sink.record(event) } catch {
        isRecorded = false
        tell(ofFailed: sink.id, event.action)
      }
    }
    for sink in auditSinks {
      do { try sink.record([event]) } catch {
        isRecorded = false
        tell(ofFailed: sink.id, event.action)
      }
    }
    return isRecorded
  }

  /// Notes from where the older secret of a rotation was used.
  private func noteAddress(of facts: RequestFacts, _ token: KnownToken) {
    guard let address = facts.clientAddress, let id = token.secretID else { return }
    let digest = primitives.sha256(withUnsafeBytes(of: id.uuid) { Array($0) } + address.utf8)
    token.note(address: digest.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
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
    tell(ofFailed: sink, AccessDraft.action(for: verdict.denial?.reason))
    return verdict
  }

  private func tell(ofFailed sink: String, _ action: String) {
    signals.publish(
      ListenerFailed(
        listener: sink, signal: action, failure: .threw, count: auditFailures.add()))
  }
}
