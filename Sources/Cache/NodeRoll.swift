/// Asks a store which nodes there are, once for all who want to know at the same time, and remembers the answer.
///
/// Threading: any thread.
package final class NodeRoll: Sendable {
  package let store: any ManyNodeStore
  private let state = Locked(State())

  private typealias Question = Task<Result<[NodeStatus], StoreError>, Never>

  private struct State: Sendable {
    /// Asked, not answered yet.
    var running: Question?
    /// About to be asked: whoever comes now shares its answer.
    var next: Question?
    var isRefreshing = false
    var latest = Latest()
  }

  /// What the store said last.
  package struct Latest: Sendable {
    package var nodes: [NodeStatus] = []
    /// The longest that a node was ever seen to trust its cache.
    package var longestLease: Duration = .zero
    /// The log's last position, as of the last ``refresh()``.
    package var head: Int64 = 0
  }

  /// How long an answer is waited for.
  private static let patience = Duration.seconds(2)

  package init(_ store: any ManyNodeStore) { self.store = store }

  package var latest: Latest { state.withLock { $0.latest } }

  /// What the store says to a question that is asked after this call: a change that was committed before it is in
  /// the answer. `nil` if it says nothing, or not in time.
  package func ask() async -> [NodeStatus]? {
    await Patience.result(within: NodeRoll.patience) { [self] in
      try? await answer()
    }
  }

  /// The same without a limit, and with the reason why there is no answer.
  package func answer() async throws(StoreError) -> [NodeStatus] {
    let question = state.withLock { state -> Question in
      if let next = state.next { return next }
      let running = state.running
      let question = Question { [self] in
        _ = await running?.value
        return await put()
      }
      state.next = question
      return question
    }
    return try await question.value.get()
  }

  private func put() async -> Result<[NodeStatus], StoreError> {
    state.withLock { state in
      state.running = state.next
      state.next = nil
    }
    let result: Result<[NodeStatus], StoreError>
    do throws(StoreError) { result = .success(try await store.nodes()) } catch {
      result = .failure(error)
    }
    state.withLock { state in
      state.running = nil
      guard case .success(let nodes) = result else { return }
      state.latest.nodes = nodes
      let longest = nodes.map(\.node.lease).max() ?? .zero
      state.latest.longestLease = max(state.latest.longestLease, longest)
    }
    return result
  }

  /// Brings ``latest`` up to date, unless that is under way.
  package func refresh() async {
    let isFirst = state.withLock { state in
      defer { state.isRefreshing = true }
      return !state.isRefreshing
    }
    guard isFirst else { return }
    _ = try? await answer()
    let head = try? await store.logHead()
    state.withLock { state in
      state.isRefreshing = false
      if let head { state.latest.head = head.position }
    }
  }
}
