import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How deliveries to an endpoint have gone, and what is to be tried again. It is kept in the store, so that another
/// process, or the next one, goes on where this one was.
public struct WebhookState: Sendable, Equatable, Codable {
  /// A signal that was not delivered yet.
  struct Retry: Sendable, Equatable, Codable {
    let position: Int64
    var attempts: Int
    /// When its time began to run.
    let since: Timestamp
    var dueAt: Timestamp
  }

  /// What went wrong last.
  public struct Failure: Sendable, Equatable, Codable {
    /// When it was.
    public let at: Timestamp
    /// The HTTP status; `nil` if there was no answer.
    public let status: Int?
    /// What went wrong, for operators.
    public let reason: String
    /// The wire name of the signal that was not delivered.
    public let signal: String
    /// Where it stands in the signal log.
    public let position: Int64
  }

  /// Whether anything is sent to an endpoint.
  public enum Circuit: String, Sendable, CaseIterable {
    case closed
    /// It failed time and again: nothing is sent until the pause is over.
    case open
    /// The pause is over; whatever is sent next decides.
    case halfOpen = "half_open"
  }

  /// When an endpoint last took a delivery.
  public internal(set) var lastSuccessAt: Timestamp?
  /// Of the attempt that failed last; it stays after a success.
  public internal(set) var lastFailure: Failure?
  /// Attempts that failed since the last success.
  public internal(set) var consecutiveFailures = 0
  /// When the first of the consecutive failures was.
  var failingSince: Timestamp?
  var openUntil: Timestamp?
  var retries: [Retry] = []
  /// Signals that were pruned from the log before they were delivered.
  public internal(set) var missed: Int64 = 0
  /// Dead letters that gave way to newer ones.
  public internal(set) var deadLettersDropped: Int64 = 0

  /// Failures in a row that open the circuit.
  static let breakerThreshold = 5
  /// Signals that may wait to be tried again before those after them wait too.
  static let mostRetries = 100
  /// Dead letters that an endpoint keeps, some 300 bytes each; beyond that the one that is first in the log goes.
  static let mostDeadLetters = 1_000

  /// Whether anything is sent at that moment.
  public func circuit(at now: Timestamp) -> Circuit {
    openUntil.map { now < $0 ? .open : .halfOpen } ?? .closed
  }

  /// Signals that wait to be tried again.
  public var retrying: Int { retries.count }

  /// When the next of them is to be tried; `nil` if none waits.
  public var nextAttemptAt: Timestamp? {
    retries.map(\.dueAt).min().map { max($0, openUntil ?? $0) }
  }

  /// Whether anything may be sent now.
  func maySend(at now: Timestamp) -> Bool { circuit(at: now) != .open }

  /// The retry whose time has come; of several the one that has waited longest.
  func due(at now: Timestamp) -> Retry? {
    retries.filter { $0.dueAt <= now }.min { ($0.dueAt, $0.position) < ($1.dueAt, $1.position) }
  }

  /// Whether signals that were not tried yet may be.
  var takesMore: Bool { retries.count < WebhookState.mostRetries }

  /// Whether the signal at a position waits to be tried again.
  func isSetAside(_ position: Int64) -> Bool { retries.contains { $0.position == position } }

  mutating func dropRetry(of position: Int64) { retries.removeAll { $0.position == position } }

  mutating func noteSuccess(of position: Int64, at now: Timestamp) {
    dropRetry(of: position)
    lastSuccessAt = now
    consecutiveFailures = 0
    failingSince = nil
    openUntil = nil
  }

  /// Counts a failure, and opens the circuit if there were many: at most until the time of the next retry is over,
  /// which so gets its last attempt.
  mutating func noteFailure(_ failure: Failure, at now: Timestamp, limit: Duration) {
    lastFailure = failure
    consecutiveFailures += 1
    if failingSince == nil { failingSince = now }
    let beyond = consecutiveFailures - WebhookState.breakerThreshold
    guard beyond >= 0 else { return }
    let pause = now.adding(WebhookSchedule.pause(after: beyond + 1)) ?? .latest
    let ends = retries.map { $0.since.adding(limit) ?? .latest }.filter { now < $0 }
    openUntil = min(pause, ends.min() ?? pause)
  }

  /// When the time of a signal begins to run that was never tried: while the endpoint fails, signals wait for their
  /// turn, and that counts.
  func start(of entry: LogEntry, at now: Timestamp) -> Timestamp {
    failingSince.map { max($0, entry.at) } ?? now
  }
}

extension WebhookState {
  /// The collection of the records.
  static let collection = "webhook_states"

  init(_ record: PluginRecord) throws(StoreError) {
    guard
      let state = try? JSONDecoder().decode(WebhookState.self, from: Data(record.content))
    else { throw .corrupt("a webhook's state can't be read") }
    self = state
  }

  func record(_ id: UUID, revision: Int64) throws(StoreError) -> PluginRecord {
    guard let data = try? JSONEncoder().encode(self) else {
      throw .corrupt("a webhook's state can't be written")
    }
    return PluginRecord(id: id, revision: revision, content: Array(data))
  }
}
