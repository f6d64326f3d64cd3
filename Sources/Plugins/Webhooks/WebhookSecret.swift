import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What deliveries to an endpoint are signed with: random bytes, written as `whsec_` and base64 (Standard Webhooks,
/// *Symmetric signatures*, which asks for 24 to 64 bytes).
public struct WebhookSecret: Sendable, Equatable {
  /// Bytes of a new secret: as many as the digest of HMAC-SHA256 has (RFC 2104, section 3).
  static let length = 32
  private static let prefix = "whsec_"

  let key: Secret
  /// When it stops signing: the end of a rotation's overlap; `nil` of the secret in force.
  var endsAt: Timestamp?

  init(key: Secret, endsAt: Timestamp? = nil) {
    self.key = key
    self.endsAt = endsAt
  }

  static func random(_ primitives: any Primitives) -> WebhookSecret {
    WebhookSecret(key: Secret(primitives.randomBytes(length)))
  }

  init?(_ text: String, endsAt: Timestamp?) {
    guard text.utf8.starts(with: WebhookSecret.prefix.utf8),
      let bytes = Base64.decode(Array(text.utf8.dropFirst(WebhookSecret.prefix.utf8.count))),
      (24...64).contains(bytes.count)
    else { return nil }
    self.init(key: Secret(bytes), endsAt: endsAt)
  }

  /// The secret as the endpoint's owner keeps it. Whoever calls this answers for where the text goes.
  public func reveal() -> String {
    WebhookSecret.prefix + key.withUnsafeBytes { Data($0).base64EncodedString() }
  }
}
