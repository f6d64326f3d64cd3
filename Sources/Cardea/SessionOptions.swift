import CardeaContracts

/// What can be chosen about sessions. The names in comments are those of the settings file.
public struct SessionOptions: Sendable {
  /// `sessions.enabled`: whether keys can be exchanged for session tokens.
  public var enabled = true
  /// `sessions.format`.
  public var format = Format.jwt
  /// `sessions.ttl`: how long a session lives; if it slides, without being used.
  public var lifetime: Duration = .seconds(300)
  /// `sessions.sliding`: whether a use moves the end. Opaque ones only.
  public var slides = false
  /// `sessions.max_age`: how long a session that slides may live altogether.
  public var longest: Duration = .seconds(43_200)
  /// `sessions.entries`: how many open opaque sessions, or log-outs from JWTs, are remembered.
  public var entries = 100_000
  /// `sessions.header`: a field whose whole value is a session token; empty for none.
  public var header = "X-Session-Token"
  /// `sessions.scheme`: an `Authorization` scheme whose credential is a session token; empty for none.
  public var scheme = "Bearer"
  /// `sessions.issuer`: the claim `iss`.
  public var issuer = "cardea"
  /// `sessions.audience`: the claim `aud`.
  public var audience = "cardea"
  /// `sessions.signing_key_files`: the first signs, the others' tokens are accepted. With none, a key is drawn
  /// that ends with the process.
  public var signingKeys: [Ed25519.PrivateKey] = []

  /// Signed, so that others can verify it without asking; or a random text that only this process knows.
  public enum Format: String, Sendable, CaseIterable { case jwt, opaque }

  /// Every option at its default.
  public init() {}
}
