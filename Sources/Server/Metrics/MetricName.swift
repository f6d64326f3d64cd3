/// The names of the server's own metrics, and what each tells. Part of the contract: dashboards hold them.
public enum MetricName {
  static let verdicts = "cardea_verdicts_total"
  static let duration = "cardea_authentication_duration_seconds"
  static let lookups = "cardea_cache_lookups_total"
  static let entries = "cardea_cache_entries"
  static let hashThreads = "cardea_hash_pool_threads"
  static let hashRunning = "cardea_hash_pool_running"
  static let hashWaiting = "cardea_hash_pool_waiting"
  static let hashRefused = "cardea_hash_pool_refused_total"
  static let storeLookups = "cardea_store_lookup_duration_seconds"
  static let commits = "cardea_store_commit_duration_seconds"
  static let auditWaiting = "cardea_audit_waiting_records"
  static let mailbox = "cardea_subscription_waiting"
  static let nodesAlive = "cardea_nodes_alive"
  static let nodeBehind = "cardea_node_positions_behind"
  static let clockDifference = "cardea_clock_difference_seconds"
  static let drops = "cardea_subscription_dropped_total"

  static let streams = "cardea_signal_streams"
  static let streamDrops = "cardea_signal_streams_dropped_total"
  static let webhooks = "cardea_webhook_attempts_total"

  /// What each tells, by name.
  public static let help = [
    verdicts: "Authentications that were decided, by verdict and reason.",
    duration: "Time from a request to its verdict, the audit included.",
    lookups: "Tokens that were looked up: hit if memory was enough, miss if the store was asked.",
    entries: "Tokens in memory: those that match a secret, and those that match none.",
    hashThreads: "Threads that run slow hashes.",
    hashRunning: "Slow hashes that run now.",
    hashWaiting: "Slow hashes that wait for a thread.",
    hashRefused: "Slow hashes that were refused: the queue was full, or the deadline passed.",
    storeLookups: "Time that the store took over the look-up of a token's key, by what came of it.",
    commits: "Time that the store took over a change, by what came of it.",
    auditWaiting: "Authentications in the spool that the store does not have yet.",
    mailbox: "Signals that wait for a subscription.",
    streams: "Streams of signals that are open.",
    streamDrops: "Streams that were closed since their client took nothing.",
    webhooks: "Attempts to deliver a webhook, by what came of them.",
    nodesAlive: "Nodes of the store that trust their caches.",
    nodeBehind: "Positions of the signal log that this node has not applied.",
    clockDifference: "Seconds that this machine's clock is ahead of the store's.",
    drops: "Signals that a subscription did not get.",
  ]

  /// The name as Prometheus takes it: letters, digits and `_`, of a metric `:` too, and no digit first.
  static func sanitized(_ name: String, allowsColon: Bool = true) -> String {
    var bytes = name.utf8.map { byte -> UInt8 in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: byte
      case UInt8(ascii: ":") where allowsColon: byte
      default: UInt8(ascii: "_")
      }
    }
    if bytes.isEmpty || (0x30...0x39).contains(bytes[0]) { bytes.insert(UInt8(ascii: "_"), at: 0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
