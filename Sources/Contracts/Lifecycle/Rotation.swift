/// How to rotate a key.
public struct Rotation: Sendable {
  /// How long the old secret works on; zero (the default) kills every earlier secret at once. At most 7 days.
  public var overlap: Duration = .zero
  /// The format to move the key to; `nil` keeps its own.
  public var format: String?
  /// The same claim again within 24 hours is refused: a token is never repeated.
  public var idempotency: IdempotencyClaim?

  public init(overlap: Duration = .zero, format: String? = nil) {
    self.overlap = overlap
    self.format = format
  }
}
