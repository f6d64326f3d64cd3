import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A delivery on its way: what is sent, and signed anew at each attempt.
package struct WebhookMessage: Sendable {
  /// The same at each attempt, so that a receiver can tell a repetition.
  let id: String
  let body: [UInt8]

  init(id: String, body: [UInt8]) {
    self.id = id
    self.body = body
  }

  init(_ entry: LogEntry, to endpoint: WebhookEndpoint, _ means: WebhookMeans) throws {
    self.init(
      id: "msg_\(endpoint.id.text)_\(entry.position)", body: try means.encode(entry))
  }

  /// A delivery that only tries an endpoint out.
  init(testAt now: Timestamp, _ primitives: any Primitives) {
    self.init(
      id: "msg_test_\(Hex.text(primitives.randomBytes(16)))",
      body: Array(#"{"data":{},"timestamp":"\#(now.rfc3339)","type":"webhook_test"}"#.utf8))
  }

  /// The request, signed as Standard Webhooks has it: `v1,` and the base64 of HMAC-SHA256 over
  /// `id.timestamp.body`, once per secret that is in force; `nil` if there is no HMAC.
  func request(
    to endpoint: WebhookEndpoint, at now: Timestamp, _ means: WebhookMeans
  ) -> WebhookRequest? {
    let timestamp = String(now.milliseconds / 1_000)
    let signed = Array("\(id).\(timestamp).".utf8) + body
    var signatures: [String] = []
    for secret in endpoint.secrets(at: now) {
      guard let mac = means.hmacSHA256(secret.key, signed) else { return nil }
      signatures.append("v1,\(Data(mac).base64EncodedString())")
    }
    return WebhookRequest(
      url: endpoint.url,
      headers: [
        "Content-Type: application/json", "User-Agent: Cardea-Webhooks/1", "webhook-id: \(id)",
        "webhook-timestamp: \(timestamp)",
        "webhook-signature: \(signatures.joined(separator: " "))",
      ], body: body)
  }
}
