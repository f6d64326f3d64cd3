import CardeaKernel
import Dispatch
import Synchronization

/// Sends webhooks with libcurl, on a bounded number of threads.
///
/// Each request has a connection of its own, and none of it is left to the environment: no proxy, no netrc, no
/// redirect, TLS always verified, and each address judged as its connection is opened.
///
/// Threading: any thread; never blocks the caller.
package final class WebhookSender: Sendable {
  private let rule: AddressRule
  private let timeout: Duration
  private let caFile: String
  private let state: Locked<State>
  private let isStopped = StopFlag()

  private struct State: Sendable {
    /// Queues without work. Each is serial and so has a thread of its own: a global one would share its threads with
    /// others' work, and these block.
    var idle: [DispatchQueue]
    var waiting: [@Sendable () -> Void] = []
  }

  package init(_ options: WebhookOptions) {
    rule = AddressRule(allow: options.allow)
    timeout = options.timeout
    caFile = options.caFile
    state = Locked(
      State(
        idle: (0..<max(1, options.concurrency)).map { DispatchQueue(label: "cardea.webhook.\($0)") }
      ))
  }

  /// Sends in its turn; by then a stop may have come.
  package func send(_ request: WebhookRequest) async -> WebhookAnswer {
    await withCheckedContinuation { continuation in
      let (rule, timeout, caFile, isStopped) = (rule, timeout, caFile, isStopped)
      enqueue {
        let transfer = CurlTransfer(rule: rule, isStopped: isStopped)
        continuation.resume(
          returning: transfer.run(request, timeout: timeout, caFile: caFile))
      }
    }
  }

  /// Ends what is under way, within a second or so; it and what still comes fails.
  package func stop() { isStopped.raise() }

  private func enqueue(_ job: @escaping @Sendable () -> Void) {
    let queue = state.withLock { state -> DispatchQueue? in
      if let queue = state.idle.popLast() { return queue }
      state.waiting.append(job)
      return nil
    }
    if let queue { run(job, on: queue) }
  }

  private func run(_ job: @escaping @Sendable () -> Void, on queue: DispatchQueue) {
    queue.async {
      job()
      let next = self.state.withLock { state -> (@Sendable () -> Void)? in
        if state.waiting.isEmpty {
          state.idle.append(queue)
          return nil
        }
        return state.waiting.removeFirst()
      }
      if let next { self.run(next, on: queue) }
    }
  }
}

/// Whether what is under way is to end.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  var isRaised: Bool { flag.load(ordering: .relaxed) }
  func raise() { flag.store(true, ordering: .relaxed) }
}
