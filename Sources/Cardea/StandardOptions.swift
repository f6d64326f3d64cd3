import CardeaExtractors
import CardeaHMAC

/// What can be chosen about the standard plugins. The names in comments are those of the settings
/// file.
public struct StandardOptions: Sendable {
  /// `hash.pbkdf2_iterations`: 10,000 to 10,000,000.
  public var pbkdf2Iterations = 100_000
  /// `hash.argon2_ops`: passes, 1 to 10.
  public var argon2Operations = 2
  /// `hash.argon2_mib`: memory in MiB, 7 to 512.
  public var argon2Mebibytes = 19
  /// `hash.pepper_files`: the peppers of `hmac_sha256`, the writing one first. With none, that
  /// hasher is not registered.
  public var peppers: [Pepper] = []
  /// `extract.headers`: fields whose whole value is a token.
  public var headers = ["X-API-Key", "X-KEYSMITH-TOKEN", "X-Api-Authorization"]
  /// `extract.schemes`: `Authorization` schemes whose credential is a token.
  public var schemes = ["Api-Key", "Bearer"]
  /// `extract.query`: query items that hold a token. None unless asked for: URLs end in logs.
  public var queryNames: [String] = []
  /// `extract.form`: form fields that hold a token.
  public var formNames: [String] = []
  /// `extract.basic`: whether the password of HTTP Basic authentication is a token.
  public var basic = false
  /// `sessions`.
  public var sessions = SessionOptions()

  public init() {}
}
