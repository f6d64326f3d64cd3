import CardeaLifecycle
import CardeaServer
import CardeaWebhooks

/// Endpoints as the command line shows them.
struct WebhookOutput {
  let session: Session

  /// An endpoint after a change.
  /// - Parameter verb: what was done: `changed`.
  func changed(_ status: WebhookStatus, _ verb: String) throws {
    guard !session.json else {
      return try session.print(ChangedWebhookResource(status, at: session.now))
    }
    session.console.out("\(sentence(status, verb)).")
  }

  /// An endpoint with a new secret, which goes alone on a line of stdout.
  /// - Throws: if the secret could not be written: it is lost then.
  func issued(_ issued: IssuedWebhook, _ verb: String) throws {
    if session.json {
      try session.print(ChangedWebhookResource(issued, at: session.now))
    } else {
      let until = issued.status.endpoint.overlap(at: session.now)
      let old = until.map { "; its old secret signs too until \($0.rfc3339)" } ?? ""
      session.console.note("\(sentence(issued.status, verb))\(old).")
      session.console.note(
        "Its signing secret follows. It is shown this once and can't be shown again.")
      session.console.out(issued.secret.reveal())
    }
    guard let failure = session.console.outputFailure else { return }
    let id = issued.status.endpoint.id.text
    throw CommandFailure.refused(
      "secret_not_written",
      "the webhook \(id) was \(verb), but its secret could not be written to standard output: "
        + failure.reason,
      remedy: "Nobody has the secret. Make another: cardea webhooks rotate-secret \(id)")
  }

  func table(_ all: [WebhookStatus]) {
    var table = Table([
      "ID", "URL", "SIGNALS", "STATE", "WAITING", "RETRYING", "DEAD", "MISSED",
      "LAST SUCCESS",
      "LAST FAILURE",
    ])
    for status in all {
      let (endpoint, delivery) = (status.endpoint, status.delivery)
      let names = endpoint.signals.isEmpty ? "all" : endpoint.signals.joined(separator: ",")
      table.add([
        .init(endpoint.id.text), .init(endpoint.url, limit: 60), .init(names, limit: 40),
        .init(state(status)), .init("\(status.waiting)"), .init("\(delivery.retrying)"),
        .init("\(status.deadLetters)"), .init("\(delivery.missed)"),
        .init(delivery.lastSuccessAt?.rfc3339 ?? "-"),
        .init(delivery.lastFailure.map { "\($0.at.rfc3339) \($0.reason)" } ?? "-", limit: 70),
      ])
    }
    session.print(table)
  }

  private func state(_ status: WebhookStatus) -> String {
    guard status.endpoint.isEnabled else { return "disabled" }
    return switch status.delivery.circuit(at: session.now) {
    case .closed: "enabled"
    case .open: "paused"
    case .halfOpen: "tried again"
    }
  }

  private func sentence(_ status: WebhookStatus, _ verb: String) -> String {
    "Webhook \(status.endpoint.id.text) to \(SafeText.line(status.endpoint.url)) \(verb)"
  }
}
