import Dispatch

/// Calls a handler on a queue again and again until it is let go of.
// @unchecked: dispatch sources may be cancelled from any thread; nothing else is done with it.
package final class RepeatingTimer: @unchecked Sendable {
  private let source: any DispatchSourceTimer

  package init(
    every interval: Duration, on queue: DispatchQueue, handler: @escaping @Sendable () -> Void
  ) {
    source = DispatchSource.makeTimerSource(queue: queue)
    let step = DispatchTimeInterval.nanoseconds(Int(clamping: max(interval.nanoseconds, 1_000_000)))
    source.schedule(deadline: .now() + step, repeating: step)
    source.setEventHandler(handler: handler)
    source.activate()
  }

  deinit { source.cancel() }
}
