import CardeaContracts

/// What webhooks are made with that is not theirs.
package struct WebhookMeans: Sendable {
  /// HMAC-SHA256 under a key; `nil` if it fails.
  package var hmacSHA256: @Sendable (_ key: Secret, _ message: [UInt8]) -> [UInt8]?
  /// The body for an entry of the signal log.
  package var encode: @Sendable (LogEntry) throws -> [UInt8]
  /// Waits for a place among the deliveries that may be under way.
  package var turn: @Sendable () async -> WebhookTurn
  /// A place for a trial; `nil` if as many are under way as may be.
  package var trialTurn: @Sendable () -> WebhookTurn?
  /// Ends what is being sent, and sends nothing more.
  package var stop: @Sendable () -> Void = {}
  /// -1 to 1: how much earlier or later than the schedule a delivery is tried again.
  package var jitter: @Sendable () -> Double = { .random(in: -1...1) }
  /// Is told of each attempt.
  package var note: @Sendable (WebhookResult) -> Void = { _ in }
  /// Is told of each endpoint that can't be read, once: its subscription's name.
  package var noteUnreadable: @Sendable (_ subscription: String) -> Void = { _ in }

  package init(
    hmacSHA256: @escaping @Sendable (_ key: Secret, _ message: [UInt8]) -> [UInt8]?,
    encode: @escaping @Sendable (LogEntry) throws -> [UInt8],
    turn: @escaping @Sendable () async -> WebhookTurn,
    trialTurn: @escaping @Sendable () -> WebhookTurn?
  ) {
    self.hmacSHA256 = hmacSHA256
    self.encode = encode
    self.turn = turn
    self.trialTurn = trialTurn
  }
}
