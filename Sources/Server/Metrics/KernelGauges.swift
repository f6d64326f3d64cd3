import CardeaKernel
import CoreMetrics

/// Hands on to swift-metrics how full the kernel is, whenever it is told to. Threading: any thread.
public final class KernelGauges: Sendable {
  private let kernel: AuthKernel
  private let factory: any MetricsFactory
  private let state = Locked(State())

  private struct State: Sendable {
    /// What the counters of subscriptions have been raised to, as long as these last.
    var dropped: [Name: Int64] = [:]
    var refused: Int64 = 0
  }

  private struct Name: Hashable, Sendable {
    let subscription: String
    let signal: String

    var labels: [(String, String)] { [("subscription", subscription), ("signal", signal)] }
  }

  public init(_ kernel: AuthKernel, _ factory: any MetricsFactory) {
    self.kernel = kernel
    self.factory = factory
  }

  /// Takes the kernel's figures as they are now.
  public func update() {
    state.withLock { state in
      let figures = kernel.figures()
      set(MetricName.entries, [("kind", "match")], figures.cachedMatches)
      set(MetricName.entries, [("kind", "mismatch")], figures.cachedMismatches)
      set(MetricName.hashThreads, [], figures.hashPool.width)
      set(MetricName.hashRunning, [], figures.hashPool.running)
      set(MetricName.hashWaiting, [], figures.hashPool.waiting)
      raise(MetricName.hashRefused, [], by: figures.hashPool.refused - state.refused)
      state.refused = figures.hashPool.refused
      set(MetricName.auditWaiting, [], figures.waitingAccesses)
      if let nodes = figures.nodes { update(nodes) }
      update(figures.subscriptions, &state)
    }
  }

  private func update(_ nodes: NodeFigures) {
    set(MetricName.nodesAlive, [], nodes.alive)
    set(MetricName.nodeBehind, [], Int(clamping: nodes.behind))
    guard let ahead = nodes.clockDifference else { return }
    Meter(label: MetricName.clockDifference, dimensions: [], factory: factory)
      .set(ahead / .seconds(1))
  }

  /// A listener of several signals makes several series; subscriptions of one name and signal are one.
  private func update(_ subscriptions: [SubscriptionFigures], _ state: inout State) {
    var waiting: [Name: Int] = [:]
    var dropped: [Name: Int64] = [:]
    for subscription in subscriptions {
      let name = Name(subscription: subscription.id, signal: subscription.signal)
      if let count = subscription.waiting { waiting[name, default: 0] += count }
      dropped[name, default: 0] += subscription.dropped
    }
    // Nothing waits for one that is gone.
    for name in state.dropped.keys where dropped[name] == nil { waiting[name] = 0 }
    for (name, count) in waiting { set(MetricName.mailbox, name.labels, count) }
    for (name, count) in dropped {
      let before = state.dropped[name] ?? 0
      // One that was made anew counts from nothing.
      raise(MetricName.drops, name.labels, by: count >= before ? count - before : count)
    }
    state.dropped = dropped
  }

  private func set(_ name: String, _ labels: [(String, String)], _ value: Int) {
    Meter(label: name, dimensions: labels, factory: factory).set(value)
  }

  private func raise(_ name: String, _ labels: [(String, String)], by amount: Int64) {
    Counter(label: name, dimensions: labels, factory: factory).increment(by: amount)
  }
}
