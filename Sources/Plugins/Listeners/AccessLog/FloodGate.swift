import CardeaContracts

/// Which denied attempts get an entry of their own, with everything that is known of them. What goes beyond
/// is a flood, of which outcome, key and address are kept and counted.
///
/// Threading: any thread.
final class FloodGate: Sendable {
  /// In one go: more than a person looks through, and less than a megabyte.
  static let burst: Int64 = 1_000
  /// From then on.
  static let perMinute: Int64 = 100

  private let state = Locked(State())

  private struct State {
    /// Milliseconds' worth of attempts.
    var room = FloodGate.burst * FloodGate.cost
    var last: Int64?
  }

  private static let cost = 60_000 / perMinute

  /// Whether this denied attempt gets an entry of its own.
  func admits(at time: Timestamp) -> Bool {
    state.withLock { state in
      let passed = max(0, time.milliseconds - (state.last ?? time.milliseconds))
      state.last = max(time.milliseconds, state.last ?? time.milliseconds)
      let most = FloodGate.burst * FloodGate.cost
      state.room = passed >= most ? most : min(most, state.room + passed)
      guard state.room >= FloodGate.cost else { return false }
      state.room -= FloodGate.cost
      return true
    }
  }

  /// The event as it is to be kept.
  func draft(_ event: AccessEvent) -> (draft: AccessDraft, isFolded: Bool) {
    event.reason == nil || admits(at: event.at)
      ? (AccessDraft(event), false) : (AccessDraft(folding: event), true)
  }
}
