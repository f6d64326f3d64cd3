import Logging
import Synchronization

/// Notices that requests come without a client address, so that limits per address do nothing, and
/// says so: once in the log, and in `/readyz` from then on. Threading: any thread.
final class AddressWatch: Sendable {
  private let hasSeen = Atomic<Bool>(false)

  /// Whether any request had no address although its peer is no trusted proxy.
  var hasSeenUnknown: Bool { hasSeen.load(ordering: .relaxed) }

  func note(_ client: ClientAddress, _ logger: @autoclosure () -> Logger) {
    guard client.text == nil, !client.isForwarded, !hasSeenUnknown,
      !hasSeen.exchange(true, ordering: .relaxed)
    else { return }
    logger().warning(
      """
      requests have no client address: the peer is on loopback, or sends forwarding headers, and \
      is no trusted proxy. Name your proxy in server.trusted_proxies.
      """)
  }
}
