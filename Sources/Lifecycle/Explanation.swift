/// Which check decides about a token and a request, and why: what ``AuthKernel/explain(token:facts:requiring:)``
/// gives.
public struct Explanation: Sendable {
  /// What an authentication would come to.
  public let verdict: Verdict
  /// Every check in the order in which they are made.
  public let checks: [Check]

  /// The check that denies; `nil` if none does.
  public var decidedBy: Check? { checks.first { $0.outcome == .denied } }

  /// One check and what came of it.
  public struct Check: Sendable, Equatable, Encodable {
    /// `format`, `failed_attempts`, `lookup`, `secret`, `state`, `expiry`, `owner`, `class`, `scopes`, or a
    /// policy's id.
    public let name: String
    public let outcome: Outcome
    /// Of one that denies: the reason's wire code; of a policy, its own.
    public let code: String?
  }

  /// Wire names.
  public enum Outcome: String, Sendable, Encodable {
    case passed, denied
    /// A check before it denied.
    case notReached = "not_reached"
  }
}

extension AuthKernel {
  /// Why a token would be allowed or denied with such a request, check by check.
  ///
  /// A rehearsal: it counts against no limit, is published and recorded nowhere, is no use of the key, and the
  /// verdict cache is not filled. It does cost a read of the store and the hashes of an authentication. A policy
  /// that counts must look at ``PolicyContext/isRehearsal``.
  public func explain(
    token: Secret, facts: RequestFacts, requiring requirement: Requirement = .none
  ) async -> Explanation {
    var rehearsal = Rehearsal()
    let verdict = await rehearse(token, facts, requirement, &rehearsal)
    var checks = rehearsal.checks
    let made = Set(checks.map(\.name))
    for name in checkNames where !made.contains(name) {
      checks.append(.init(name: name, outcome: .notReached, code: nil))
    }
    return Explanation(verdict: verdict, checks: checks)
  }

  /// Every check's name, in order.
  private var checkNames: [String] {
    ["format"] + policies.before.map(\.id)
      + ["failed_attempts", "lookup", "secret", "state", "expiry", "owner", "class", "scopes"]
      + policies.after.map(\.id) + policies.asynchronous.map(\.policy.id)
  }

  private struct Rehearsal {
    var checks: [Explanation.Check] = []

    /// Notes a check; gives the denial back.
    mutating func note(_ name: String, _ denial: Denial?) -> Denial? {
      checks.append(
        .init(
          name: name, outcome: denial == nil ? .passed : .denied,
          code: denial.map { $0.policy?.code ?? $0.reason.rawValue }))
      return denial
    }

    /// Notes a check that denies for this reason unless it holds.
    mutating func demand(
      _ name: String, _ holds: Bool, else reason: Denial.Reason, verified: Bool = false
    ) -> Denial? {
      note(name, holds ? nil : Denial(reason, verified: verified))
    }
  }

  private func rehearse(
    _ secret: Secret, _ facts: RequestFacts, _ requirement: Requirement,
    _ rehearsal: inout Rehearsal
  ) async -> Verdict {
    let token: PresentedToken
    switch presentedOrSession(secret) {
    case .success(let found): token = found
    case .failure(let denial):
      if denial.isSessionGuess,
        let limited = attempts.forecastOfSession(address: facts.clientAddress)
      {
        _ = rehearsal.note("format", nil)
        return .deny(rehearsal.note("failed_attempts", limited) ?? limited)
      }
      return .deny(rehearsal.note("format", denial) ?? denial)
    }
    _ = rehearsal.note("format", nil)
    let before = PolicyContext(
      request: facts, prefix: token.prefix, identity: nil, now: time.now(), isRehearsal: true)
    for policy in policies.before {
      let denial = PolicyChain.denial(policies.ask(policy, before), verified: false)
      if let denial = rehearsal.note(policy.id, denial) { return .deny(denial) }
    }
    let limited =
      token.session == nil && cache.find(token.digest)?.wasRight != true
      ? attempts.forecast(prefix: token.prefix, address: facts.clientAddress) : nil
    if let denial = rehearsal.note("failed_attempts", limited) { return .deny(denial) }

    let known: KnownToken
    switch await look(token, &rehearsal) {
    case .success(let found): known = found
    case .failure(let denial): return .deny(denial)
    }
    if let denial = rehearseLifecycle(known, requirement, &rehearsal) { return .deny(denial) }

    var identity = Identity(token: known)
    let context = PolicyContext(
      request: facts, prefix: token.prefix, identity: identity, now: time.now(), isRehearsal: true)
    for policy in policies.after {
      let decision = policies.ask(policy, context)
      identity.limits += decision?.limits ?? []
      if let denial = rehearsal.note(policy.id, PolicyChain.denial(decision, verified: true)) {
        return .deny(denial)
      }
    }
    for bounded in policies.asynchronous {
      guard bounded.policy.applies(to: identity) else {
        _ = rehearsal.note(bounded.policy.id, nil)
        continue
      }
      let decision = await bounded.evaluate(context)
      identity.limits += decision?.limits ?? []
      if let denial = rehearsal.note(
        bounded.policy.id, PolicyChain.denial(decision, verified: true))
      {
        return .deny(denial)
      }
    }
    return .allow(identity)
  }

  private func presentedOrSession(_ secret: Secret) -> Result<PresentedToken, Denial> {
    if isSession(secret) { return presentedSession([secret]) }
    return presented(secret).map { .success($0) } ?? .failure(Denial(.malformed))
  }

  /// The key as the store has it, and whether the token is its own.
  private func look(
    _ token: PresentedToken, _ rehearsal: inout Rehearsal
  ) async -> Result<KnownToken, Denial> {
    let found: StoredKey?
    do { found = try await lookUpToAdmit(token.prefix) } catch {
      let denial = Denial(.storeUnavailable)
      return .failure(rehearsal.note("lookup", denial) ?? denial)
    }
    guard let stored = found, stored.key.status != .purged else {
      let denial = Denial(found == nil ? .unknown : .purged)
      return .failure(rehearsal.note("lookup", denial) ?? denial)
    }
    _ = rehearsal.note("lookup", nil)
    var match = stored.key.secrets.first { $0.id == token.session?.secretID }
    for row in stored.key.secrets.reversed() where match == nil && token.session == nil {
      switch await matches(token, row) {
      case .success(true): match = row
      case .success(false): continue
      case .failure(let denial): return .failure(rehearsal.note("secret", denial) ?? denial)
      }
    }
    return .success(
      KnownToken(
        stored, digest: token.digest, stamp: .none, match: match, session: token.session))
  }

  /// The steps of what an authentication asks a known token for.
  private func rehearseLifecycle(
    _ known: KnownToken, _ requirement: Requirement, _ rehearsal: inout Rehearsal
  ) -> Denial? {
    let now = time.now()
    let ended = known.session.flatMap { sessions?.refusal(of: $0, at: now)?.reason }
    let reason = ended ?? known.denial(at: now)
    let steps: [(name: String, reasons: Set<Denial.Reason>)] = [
      ("secret", [.wrongSecret, .sessionEnded]), ("state", [.revoked, .purged, .suspended]),
      ("expiry", [.expired]), ("owner", [.ownerDisabled]),
    ]
    for (name, reasons) in steps {
      // Why a session is over stands where a key's secret is judged.
      let isOwn = reason.map { reasons.contains($0) || name == "secret" && $0 == ended } ?? false
      let own = isOwn ? reason.map { Denial($0) } : nil
      if let denial = rehearsal.note(name, own) { return denial }
    }
    let holdsClass = requirement.isMet(byClass: known.key.keyClass)
    return rehearsal.demand("class", holdsClass, else: .wrongClass, verified: true)
      ?? rehearsal.demand(
        "scopes", requirement.isMet(by: known.scopes), else: .insufficientScope, verified: true)
  }
}
