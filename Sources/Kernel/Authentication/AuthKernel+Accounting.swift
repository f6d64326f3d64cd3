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
    /// Up to when (monotonic) it may be given out whatever others have changed meanwhile.
    var until = UInt64.max

    var prefix: String? { token?.key.prefix ?? presentedPrefix }
  }

  /// When a measurement begins (monotonic); of no meaning without a meter.
  @inline(__always)
  func beginMeasuring() -> UInt64 { meter == nil ? 0 : time.monotonic() }

  /// Whether a verdict is given out only when somebody has answered.
  @inline(__always)
  var waitsForAudit: Bool { !asyncAuditSinks.isEmpty }

  /// Accounts for a verdict where an audit sink has to be waited for; then as ``conclude`` does.
  ///
  /// - Parameters:
  ///   - outcome: what the sinks before `index` made of it.
  ///   - resume: runs what follows a sink's answer, elsewhere than on the sink's thread.
  func record(
    _ outcome: Outcome, of pending: PendingVerdict, from index: Int = 0,
    resuming resume: @escaping PendingVerdict.Resume,
    then done: @escaping @Sendable (Verdict) -> Void
  ) {
    guard index < asyncAuditSinks.count else {
      let verdict = conclude(standing(outcome), pending.facts, pending.began)
      return correct(asyncAuditSinks[...], outcome, to: verdict, pending.facts, resume) {
        done($0.verdict)
      }
    }
    let sink = asyncAuditSinks[index]
    sink.record(event(outcome, pending.facts)) { [self] failure in
      resume { [self] in
        let told = outcome.verdict
        let verdict = failure == nil ? told : afterAuditFailure(sink.id, told)
        correct(asyncAuditSinks[..<index], outcome, to: verdict, pending.facts, resume) {
          [self] outcome in
          record(outcome, of: pending, from: index + 1, resuming: resume, then: done)
        }
      }
    }
  }

  /// What is left of an outcome when the sinks have it. Where that took longer than what it rests on was confirmed for,
  /// and the key was changed meanwhile or nothing is confirmed any more, nobody is let in by it.
  private func standing(_ outcome: Outcome) -> Outcome {
    guard case .allow = outcome.verdict, let token = outcome.token,
      outcome.until < .max, time.monotonic() >= outcome.until, !isTrusted(token, readBegan: nil)
    else { return outcome }
    var outcome = outcome
    outcome.verdict = .deny(Denial(.storeUnavailable))
    return outcome
  }

  /// Where a sink's failure has made another verdict of an outcome, tells it to those that recorded the first, one after
  /// the other. It happens once to an outcome, so each of them took the first.
  private func correct(
    _ sinks: ArraySlice<any AsyncAuditSink>, _ outcome: Outcome, to verdict: Verdict,
    _ facts: RequestFacts, _ resume: @escaping PendingVerdict.Resume,
    then done: @escaping @Sendable (Outcome) -> Void
  ) {
    var corrected = outcome
    corrected.verdict = verdict
    guard verdict.denial != outcome.verdict.denial, let sink = sinks.first else {
      return done(corrected)
    }
    sink.record(event(corrected, facts)) { [self] _ in
      resume { [self] in correct(sinks.dropFirst(), outcome, to: verdict, facts, resume, then: done)
      }
    }
  }

  /// Accounts for a verdict: usage, audit, signals, the meter. The audit comes first; if it fails, the request is denied.
  @inline(__always)
  func conclude(
    _ outcome: consuming Outcome, _ facts: @autoclosure () -> RequestFacts, _ began: UInt64
  ) -> Verdict {
    let outcome = auditSinks.isEmpty ? outcome : recorded(outcome, facts())
    note(outcome, facts())
    if let meter {
      meter.note(
        MeasuredAuthentication(
          reason: outcome.verdict.denial?.reason, source: outcome.source,
          nanoseconds: time.monotonic() &- began))
    }
    return outcome.verdict
  }

  /// Tells the audit sinks of an outcome, which is denied if they can't record it.
  @inline(never)
  private func recorded(_ outcome: consuming Outcome, _ facts: RequestFacts) -> Outcome {
    for (index, sink) in auditSinks.enumerated() {
      do { try sink.record([event(outcome, facts)]) } catch {
        let told = outcome.verdict
        outcome.verdict = afterAuditFailure(sink.id, told)
        if outcome.verdict.denial == told.denial { continue }
        // What those before it hold is followed by what came of it; those after it are told that alone.
        for sink in auditSinks[..<index] { try? sink.record([event(outcome, facts)]) }
      }
    }
    return outcome
  }

  /// Notes the use of a token, and publishes what came of the request.
  @inline(__always)
  private func note(_ outcome: borrowing Outcome, _ facts: @autoclosure () -> RequestFacts) {
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
  }

  /// Accounts for a session that its user has ended: audit, then the signal. It has ended whatever becomes of this:
  /// of a sink that fails `listener_failed` tells, and nothing is denied.
  public func recordLogOut(
    of session: UUID, keyID: UUID?, prefix: String?, owner: String?, request: RequestFacts
  ) async {
    let event = AccessEvent(
      .logOut, at: time.now(), reason: nil, keyID: keyID, prefix: prefix, owner: owner,
      request: formats.redaction.facts(request), session: session)
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
      at: time.now(), reason: nil, keyID: nil, prefix: nil, owner: owner,
      request: formats.redaction.facts(request), session: session)
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
      owner: outcome.token?.owner?.name, request: formats.redaction.facts(facts),
      session: outcome.token?.session?.id,
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
