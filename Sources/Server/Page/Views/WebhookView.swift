import CardeaLifecycle
import CardeaWebhooks

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An endpoint of webhooks as the templates show it: never its secret.
enum WebhookView {
  static func row(_ status: WebhookStatus, now: Timestamp) -> [String: Any] {
    let (endpoint, delivery) = (status.endpoint, status.delivery)
    let shown = 3
    let more = endpoint.signals.count - shown
    var values: [String: Any] = [
      "id": endpoint.id.text, "path": AdminPage.root + path(endpoint.id), "url": endpoint.url,
      "description": (endpoint.description.isEmpty ? nil : endpoint.description).shown,
      "signals": Array(endpoint.signals.prefix(shown)),
      "more_signals": (more > 0 ? more : nil).shown,
      "enabled": endpoint.isEnabled, "waiting": status.waiting, "retrying": delivery.retrying,
      "dead_letters": status.deadLetters, "any_dead": status.deadLetters > 0,
      "success": PageText.time(delivery.lastSuccessAt, now: now),
      "failure": delivery.lastFailure.map { failure($0, now) }.shown,
    ]
    let (state, badge) = state(status, now)
    values["state"] = state
    values["badge"] = badge
    return values
  }

  static func details(_ status: WebhookStatus, now: Timestamp) -> [String: Any] {
    let (endpoint, delivery) = (status.endpoint, status.delivery)
    var values = row(status, now: now)
    values["signals"] = endpoint.signals
    values["more_signals"] = false
    values["created"] = PageText.time(endpoint.createdAt, now: now)
    values["created_by"] = endpoint.createdBy
    values["overlap"] = PageText.time(endpoint.overlap(at: now), now: now)
    values["next_attempt"] = PageText.time(delivery.nextAttemptAt, now: now)
    values["failures"] = delivery.consecutiveFailures
    values["missed"] = delivery.missed
    values["dropped"] = delivery.deadLettersDropped
    return values
  }

  static func letter(_ letter: DeadLetter, now: Timestamp, showsKey: Bool) -> [String: Any] {
    [
      "position": letter.position, "signal": letter.signal, "prefix": letter.prefix.shown,
      "key_path": (showsKey ? letter.keyID.map { "/admin/keys/\($0.text)" } : nil).shown,
      "failed": PageText.time(letter.failedAt, now: now), "attempts": letter.attempts,
      "reason": letter.reason, "replayed": letter.isReplayed,
    ]
  }

  static func path(_ id: UUID) -> String { "/webhooks/\(id.text)" }

  /// In the words of `cardea webhooks list`.
  private static func state(_ status: WebhookStatus, _ now: Timestamp) -> (String, badge: String) {
    guard status.endpoint.isEnabled else { return ("disabled", "suspended") }
    return switch status.delivery.circuit(at: now) {
    case .closed: ("enabled", "active")
    case .open: ("paused", "revoked")
    case .halfOpen: ("tried again", "suspended")
    }
  }

  private static func failure(
    _ failure: WebhookState.Failure, _ now: Timestamp
  ) -> [String: Any] {
    [
      "time": PageText.time(failure.at, now: now), "reason": failure.reason,
      "signal": failure.signal, "position": failure.position,
    ]
  }
}
