import CardeaLifecycle
import CardeaSQLite
import CardeaServer
import CardeaWebhooks

/// Examines an installation. What can't be examined is a finding too.
struct Doctor {
  private let session: Session
  private var kernel: AuthKernel { session.kernel }

  /// Keys that signed checkpoints, besides the present one.
  private let signers: [Ed25519.PublicKey]

  init(_ session: Session, signers: [Ed25519.PublicKey]) {
    self.session = session
    self.signers = signers
  }

  /// The worst first.
  func findings() async -> [Finding] {
    var findings = SafetyCheck.findings(session.settings)
    findings += await examined("store_unreadable") { try await SafetyCheck.findings(kernel) }
    findings += await examined("store_unreadable") { try database() }
    findings += await examined("audit_unreadable") { try await logs() }
    findings += await examined("spool_unreadable") { try await SpoolHealth.findings(session) }
    findings += await examined("subscriptions_unreadable") { try await subscriptions() }
    findings += await examined("webhooks_unreadable") { try await webhooks() }
    findings += await examined("store_unreadable") { try await keys() }
    let order: [Finding.Level] = [.fault, .warning, .note]
    return order.flatMap { level in findings.filter { $0.level == level } }
  }

  private func examined(
    _ code: String, _ examine: () async throws -> [Finding]
  ) async -> [Finding] {
    do { return try await examine() } catch { return [.fault(code, "\(error)")] }
  }

  private func database() throws -> [Finding] {
    guard let path = try (session.composition.store.makeStore() as? SQLiteStore)?.path else {
      return []
    }
    var findings = try SQLiteStore.examine(path).map { problem in
      Finding.fault(
        "database_damaged", "the database is damaged: \(problem). Restore a backup: cardea restore")
    }
    let file = FileHealth(path)
    for suffix in ["", "-wal", "-shm"] where FileHealth(path + suffix).isOpenToOthers {
      findings.append(
        .warning(
          "file_open_to_others",
          "\(path)\(suffix), which holds hashes, can be read by others: chmod 600"))
    }
    if let free = file.freeBytes, free < FileHealth.leastFree {
      findings.append(
        .warning(
          "disk_nearly_full",
          "\(free >> 20) MiB are free where the store lies: when none is, changes are refused, and "
            + "requests with them unless audit.on_failure is allow"))
    }
    for suffix in [".restoring", ".restoring.partial"] where FileHealth(path + suffix).exists {
      findings.append(
        .warning("left_behind", "\(path)\(suffix) was left by an interrupted copy: remove it"))
    }
    return findings
  }

  private func logs() async throws -> [Finding] {
    var keys = signers
    if let own = kernel.configuration.auditSigningKey {
      keys.append(kernel.primitives.publicKey(of: own))
    }
    var report = try await kernel.verifyAudit(keys: keys)
    // A key that was configured a moment ago has signed nothing yet. Whoever names the key of a signer says that it has.
    let isNewKey = report.awaitsSignature && signers.isEmpty
    if isNewKey { report = try await kernel.verifyAudit() }
    var findings = report.faults.map { fault in
      Finding.fault(
        "log_broken",
        "the \(fault.log) log\(fault.node.map { " of \($0)" } ?? "") is broken at \(fault.position): "
          + "\(fault.problem). cardea audit verify says more")
    }
    if isNewKey {
      findings.append(
        .warning(
          "log_not_signed_yet",
          "no checkpoint is signed by audit.signing_key_file yet: the server signs the first one once there is "
            + "something to state. If one was signed before, the signatures were taken away: cardea audit verify"
        ))
    } else if !report.isSigned {
      findings.append(
        .note(
          "log_unsigned",
          "the logs' checkpoints are unsigned, so whoever owns the database could rewrite them: "
            + "cardea audit init-key FILE, and audit.signing_key_file"))
    }
    return findings
  }

  private func subscriptions() async throws -> [Finding] {
    guard kernel.store is any DurableKeyStore else { return [] }
    let end = try await kernel.store.logHead().position
    return try await kernel.subscriptions().flatMap { subscription in
      var findings: [Finding] = []
      if subscription.deadLetters > 0 {
        findings.append(
          .warning(
            "dead_letters",
            "\(subscription.name) gave up on \(Doctor.counted(subscription.deadLetters, "signal")): "
              + "cardea signals dead-letters list"))
      }
      if end - subscription.position > Int64(SubscriptionFigures.manyWaiting) {
        findings.append(
          .warning(
            "subscription_behind",
            "\(subscription.name) is \(end - subscription.position) signals behind the log: its "
              + "listener fails, or no process runs it"))
      }
      return findings
    }
  }

  private func webhooks() async throws -> [Finding] {
    guard let webhooks = Webhooks(kernel: kernel, options: session.settings.webhookOptions) else {
      return []
    }
    let unreadable = try await webhooks.unreadable().map { id in
      Finding.fault(
        "webhook_unreadable",
        "the record of the webhook \(id.text) can't be read, so nothing is sent to it: "
          + "cardea webhooks delete \(id.text), and make another")
    }
    let all = try await webhooks.all()
    let missed = all.filter { $0.delivery.missed > 0 }.map { status in
      let count = status.delivery.missed
      return Finding.note(
        "webhook_missed",
        "\(count) \(count == 1 ? "signal was" : "signals were") pruned from the log before the webhook "
          + "\(status.endpoint.id.text) took \(count == 1 ? "it" : "them"): it fails, is disabled, or "
          + "pruning goes too far")
    }
    return unreadable + failing(all) + missed
  }

  /// Endpoints that `/readyz` warns of without a name: sending to them is paused. Of one that is disabled nothing is
  /// expected.
  private func failing(_ all: [WebhookStatus]) -> [Finding] {
    all.filter { $0.endpoint.isEnabled && $0.delivery.circuit(at: session.now) != .closed }
      .map { status in
        let id = status.endpoint.id.text
        let reason = status.delivery.lastFailure.map { ", at last with: \($0.reason)" } ?? ""
        return .warning(
          "webhook_failing",
          "the webhook \(id) failed \(Doctor.counted(status.delivery.consecutiveFailures, "time")) in a row"
            + "\(reason). Signals wait meanwhile: see to its receiver, or cardea webhooks update \(id) --disable"
        )
      }
  }

  /// Keys that end within a week.
  private func keys() async throws -> [Finding] {
    let now = kernel.clock.now()
    var query = KeyQuery(now: now, limit: 1_000)
    query.state = .active
    query.expiresFrom = now
    query.expiresBefore = now.adding(.seconds(7 * 86_400))
    let page = try await kernel.keys(query)
    if page.items.isEmpty { return [] }
    let count = page.items.count
    let keys =
      page.next == nil
      ? (count == 1 ? "1 key expires" : "\(count) keys expire") : "more than \(count) keys expire"
    return [
      .note(
        "keys_expiring",
        "\(keys) within 7 days: cardea keys list --state active --expires-before TIME")
    ]
  }

  private static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}
