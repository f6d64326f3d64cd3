import CardeaLifecycle
import Foundation
import Testing

@testable import CardeaWebhooks

@Suite("Signatures and secrets of webhooks")
struct WebhookSigningTests {
  /// The vector of the Standard Webhooks reference libraries.
  @Test func theSignatureIsThatOfStandardWebhooks() throws {
    let means = Endpoints().means
    let secret = try #require(
      WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", endsAt: nil))
    let now = Timestamp(milliseconds: 1_614_265_330_999)
    let endpoint = WebhookEndpoint(
      id: UUID(), url: "https://example.org", description: "", signals: [], isEnabled: true,
      createdAt: now, createdBy: "host", start: 0, secrets: [secret], revision: 0)
    let message = WebhookMessage(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: Array(#"{"test": 2432232314}"#.utf8))
    let request = try #require(message.request(to: endpoint, at: now, means))
    #expect(request.header("webhook-id") == "msg_p5jXN8AQM9LWM0D4loKWxJek")
    #expect(request.header("webhook-timestamp") == "1614265330")
    #expect(
      request.header("webhook-signature") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    #expect(request.header("Content-Type") == "application/json")
  }

  /// During the overlap both secrets sign, the new one first; after it, and without one, only the new one.
  @Test func aRotationWithOverlapSignsTwice() async throws {
    let rig = try await WebhookRig()
    let made = try await rig.webhooks.create(NewWebhook(url: "https://a.example.org"), by: .host)
    let id = made.status.endpoint.id
    let rotated = try await rig.webhooks.rotateSecret(id, overlap: .seconds(60), by: .host)
    #expect(made.secret.reveal() != rotated.secret.reveal())
    func signatures() async throws -> [String] {
      try await rig.change()
      await rig.webhooks.drain()
      let request = try #require(rig.endpoints.take().last)
      let means = rig.endpoints.means
      let (message, time) = (request.header("webhook-id"), request.header("webhook-timestamp"))
      let signed = Array("\(message ?? "").\(time ?? "").".utf8) + request.body
      let known = [("old", made.secret), ("new", rotated.secret)]
      return try #require(request.header("webhook-signature")).split(separator: " ").map { given in
        known.first { _, secret in
          means.hmacSHA256(secret.key, signed).map {
            given == "v1,\(Data($0).base64EncodedString())"
          } ?? false
        }?.0 ?? "unknown"
      }
    }
    #expect(try await signatures() == ["new", "old"])
    #expect(rotated.status.endpoint.overlap(at: rig.clock.now()) != nil)
    rig.clock.advance(seconds: 60)
    #expect(try await signatures() == ["new"])
    #expect(try await rig.state(id).endpoint.overlap(at: rig.clock.now()) == nil)
    let last = try await rig.webhooks.rotateSecret(id, by: .host)
    #expect(try await signatures() == ["unknown"])
    #expect(last.status.endpoint.secrets.count == 1)
    await #expect(throws: LifecycleError.self) {
      try await rig.webhooks.rotateSecret(id, overlap: .seconds(7 * 86_400 + 1), by: .host)
    }
  }

  @Test func aSecretIsOfTheLengthThatTheStandardAsksFor() async throws {
    let rig = try await WebhookRig()
    let secret = WebhookSecret.random(rig.kernel.primitives)
    #expect(WebhookSecret(secret.reveal(), endsAt: nil) == secret)
    #expect(secret.reveal().wholeMatch(of: /whsec_[A-Za-z0-9+\/]{43}=/) != nil)
    for count in [0, 23, 65] {
      let text = "whsec_" + Data(repeating: 1, count: count).base64EncodedString()
      #expect(WebhookSecret(text, endsAt: nil) == nil)
    }
    #expect(WebhookSecret(String(secret.reveal().dropFirst(6)), endsAt: nil) == nil)
    #expect(!"\(secret)".contains(secret.reveal().dropFirst(6)))
  }
}
