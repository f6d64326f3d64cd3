import CardeaContracts
import Dispatch

/// Sends webhooks with libcurl, on a bounded number of threads.
///
/// Each request has a connection of its own, and none of it is left to the environment: no proxy, no netrc, no
/// redirect, TLS always verified, and each address judged as its connection is opened.
///
/// Threading: any thread; never blocks the caller.
package final class WebhookSender: Sendable {
  /// Trials that may be under way at once. They have threads of their own, so that they delay no delivery.
  private static let trials = 2

  private let rule: AddressRule
  private let timeout: Duration
  private let caFile: String
  private let state: Locked<State>
  private let isStopped = StopFlag()

  private struct State: Sendable {
    /// Queues without work. Each is serial and so has a thread of its own: a global one would share its threads with
    /// others' work, and these block.
    var idle: [DispatchQueue]
    var idleForTrials: [DispatchQueue]
    var waiting: [CheckedContinuation<DispatchQueue, Never>] = []
  }

  package init(_ options: WebhookOptions) {
    rule = AddressRule(allow: options.allow)
    timeout = options.timeout
    caFile = options.caFile
    state = Locked(
      State(
        idle: WebhookSender.queues(max(1, options.concurrency), "webhook"),
        idleForTrials: WebhookSender.queues(WebhookSender.trials, "webhook.trial")))
  }

  private static func queues(_ count: Int, _ name: String) -> [DispatchQueue] {
    (0..<count).map { DispatchQueue(label: "cardea.\(name).\($0)") }
  }

  /// Waits for a place among the deliveries, in the order of asking. A stop may have come by then.
  package func turn() async -> WebhookTurn {
    let queue = await withCheckedContinuation { continuation in
      let queue = state.withLock { state -> DispatchQueue? in
        if let queue = state.idle.popLast() { return queue }
        state.waiting.append(continuation)
        return nil
      }
      if let queue { continuation.resume(returning: queue) }
    }
    return turn(on: queue) { self.giveBack(queue) }
  }

  /// A place for a trial; `nil` if as many are under way as may be.
  package func trialTurn() -> WebhookTurn? {
    guard let queue = state.withLock({ $0.idleForTrials.popLast() }) else { return nil }
    return turn(on: queue) { self.state.withLock { $0.idleForTrials.append(queue) } }
  }

  /// Ends what is under way, within a second or so; it and what still comes fails.
  package func stop() { isStopped.raise() }

  private func turn(
    on queue: DispatchQueue, end: @escaping @Sendable () -> Void
  ) -> WebhookTurn {
    let (rule, timeout, caFile, isStopped) = (rule, timeout, caFile, isStopped)
    return WebhookTurn(
      send: { request in
        await withCheckedContinuation { continuation in
          queue.async {
            let transfer = CurlTransfer(rule: rule, isStopped: isStopped)
            continuation.resume(
              returning: transfer.run(request, timeout: timeout, caFile: caFile))
          }
        }
      }, end: end)
  }

  private func giveBack(_ queue: DispatchQueue) {
    let next = state.withLock { state -> CheckedContinuation<DispatchQueue, Never>? in
      if state.waiting.isEmpty {
        state.idle.append(queue)
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume(returning: queue)
  }
}
