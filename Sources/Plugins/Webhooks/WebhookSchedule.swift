import CardeaContracts

/// When a delivery that failed is tried again.
enum WebhookSchedule {
  private static let firstPause: Duration = .seconds(5)
  /// Standard Webhooks recommends pauses that grow to hours, over a day or more.
  private static let longestPause: Duration = .seconds(7_200)

  /// The pause after so many attempts: 5 s, then twice as long each time, up to 2 h.
  static func pause(after attempts: Int) -> Duration {
    min(firstPause * (1 << min(max(attempts - 1, 0), 20)), longestPause)
  }

  /// When to try again after so many attempts; `nil` once `limit` has passed since `since`, and the last time
  /// exactly then. The pause is up to a quarter shorter or longer, so that many do not come back at one moment.
  /// - Parameter jitter: -1 to 1.
  static func next(
    after attempts: Int, at now: Timestamp, since: Timestamp, limit: Duration, jitter: Double
  ) -> Timestamp? {
    let end = since.adding(limit) ?? .latest
    guard now < end else { return nil }
    let wait = pause(after: attempts)
    let shifted = wait + wait / 4 * min(max(jitter, -1), 1)
    return min(now.adding(shifted) ?? .latest, end)
  }
}
