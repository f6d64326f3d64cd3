import CardeaContracts
import NIOCore
import Synchronization

/// A stream's connection, and whether its client takes what is written to it. Threading: any thread.
final class SignalLine: Sendable {
  private let connection: any Channel
  /// When the write under way began (monotonic); 0 between writes.
  private let writingSince = Atomic<UInt64>(0)
  private let dropped = Atomic<Bool>(false)

  init(_ connection: any Channel) { self.connection = connection }

  /// Whether the client was dropped: it takes nothing, or the log is another.
  var isDropped: Bool { dropped.load(ordering: .relaxed) }

  func writing(at now: UInt64) { writingSince.store(max(1, now), ordering: .relaxed) }
  func written() { writingSince.store(0, ordering: .relaxed) }

  /// Whether a write has been under way for longer than `limit`.
  func isStuck(at now: UInt64, for limit: Duration) -> Bool {
    let since = writingSince.load(ordering: .relaxed)
    return since != 0 && now > since && .nanoseconds(Int64(clamping: now - since)) > limit
  }

  /// Closes the connection with whatever its client has not taken; `false` if that was done before.
  func drop() -> Bool {
    if dropped.exchange(true, ordering: .relaxed) { return false }
    connection.close(promise: nil)
    return true
  }
}
