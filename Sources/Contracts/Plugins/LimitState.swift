/// What is left of a limit, as the RateLimit header fields tell it
/// (draft-ietf-httpapi-ratelimit-headers-11).
public struct LimitState: Sendable, Equatable {
  /// The limit's name, unique among those of one request: letters, digits, `-`, `_` and `.`.
  public let name: String
  /// How many units the limit allows in a ``window``.
  public let quota: Int
  /// The time in which ``quota`` units come back.
  public let window: Duration
  /// Units that may be used now.
  public let remaining: Int
  /// How long it takes until more than ``remaining`` may be used.
  public let resetsAfter: Duration

  public init(
    name: String, quota: Int, window: Duration, remaining: Int, resetsAfter: Duration
  ) {
    self.name = name
    self.quota = max(0, quota)
    self.window = window
    self.remaining = max(0, remaining)
    self.resetsAfter = resetsAfter
  }

  /// Whether `name` may be a limit's name: 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
  public static func isValid(name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        let small = byte | 0x20
        return (small >= 0x61 && small <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D
          || byte == 0x5F || byte == 0x2E
      }
  }
}
