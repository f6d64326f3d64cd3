import Dispatch

/// Publishes changes in the order of their positions in the signal log, on a queue of its own.
///
/// Commits run side by side and are told of their positions in any order. A change that is done is held until
/// every commit that was under way when it finished has finished too: only such a one can have a lower position.
/// So listeners see the changes of this process in log order, and an inline listener that takes its time delays
/// changes, but no thread that decides verdicts.
///
/// Threading: any thread.
package final class PublicationOrder: Sendable {
  private let queue = DispatchQueue(label: "cardea.publish")
  private let state = Locked(State())

  package init() {}

  private struct State {
    var nextTicket: UInt64 = 0
    var underWay: Set<UInt64> = []
    /// What is done and waits for its turn, by position.
    var held: [Publication] = []
  }

  private struct Publication {
    let position: Int64
    /// Tickets before this one may stand for lower positions.
    let barrier: UInt64
    let deliver: @Sendable () -> Void
  }

  /// Before a commit begins.
  package func begin() -> UInt64 {
    state.withLock { state in
      defer { state.nextTicket += 1 }
      state.underWay.insert(state.nextTicket)
      return state.nextTicket
    }
  }

  /// The commit failed: there is nothing to publish.
  package func abandon(_ ticket: UInt64) {
    state.withLock { state in
      state.underWay.remove(ticket)
      release(&state)
    }
  }

  /// The commit is done: publishes it in its turn and returns once it is published.
  package func publish(
    _ ticket: UInt64, position: Int64, _ deliver: @escaping @Sendable () -> Void
  ) async {
    await withCheckedContinuation { continuation in
      state.withLock { state in
        state.underWay.remove(ticket)
        let publication = Publication(position: position, barrier: state.nextTicket) {
          deliver()
          continuation.resume()
        }
        let index = state.held.firstIndex { $0.position > position } ?? state.held.endIndex
        state.held.insert(publication, at: index)
        release(&state)
      }
    }
  }

  /// Hands what may go to the queue. Under the lock, so that the queue gets it in order.
  private func release(_ state: inout State) {
    let oldest = state.underWay.min() ?? .max
    while let first = state.held.first, first.barrier <= oldest {
      state.held.removeFirst()
      queue.async(execute: first.deliver)
    }
  }
}
