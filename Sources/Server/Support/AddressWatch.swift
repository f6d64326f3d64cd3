import Logging
import Synchronization

/// Notices that requests come without a client address, so that limits per address do nothing, and
/// says so: once in the log, and in `/readyz` from then on. Threading: any thread.
final class AddressWatch: Sendable {
  private enum Cause {
    static let loopback = 1
    static let untrusted = 2
  }

  /// The worst cause so far; zero if there was none.
  private let seen = Atomic<Int>(0)

  /// Whether any request had no address although its peer is no trusted proxy.
  var hasSeenUnknown: Bool { seen.load(ordering: .relaxed) > 0 }

  func note(_ client: ClientAddress, _ logger: @autoclosure () -> Logger) {
    guard client.text == nil, !client.isForwarded else { return }
    let cause = client.isPassedOver ? Cause.untrusted : Cause.loopback
    guard seen.load(ordering: .relaxed) < cause,
      seen.max(cause, ordering: .relaxed).oldValue < cause
    else { return }
    // Whoever tries it out on their own machine has done nothing wrong.
    logger().log(
      level: cause == Cause.untrusted ? .warning : .info,
      """
      requests have no client address, so that limits per address do nothing: \
      \(client.isPassedOver
        ? "a peer that is no trusted proxy sends forwarding headers" : "they come from this machine itself"). \
      If that is your proxy, name it in server.trusted_proxies.
      """)
  }
}
