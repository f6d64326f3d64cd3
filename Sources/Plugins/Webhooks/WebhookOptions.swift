import CardeaContracts

/// How webhooks are delivered; the names in comments are those of the settings file.
public struct WebhookOptions: Sendable {
  /// `webhooks.allow`: networks that webhooks may go to although they are not public, also over `http`.
  public var allow: [CIDR] = []
  /// `webhooks.timeout`: how long an endpoint may take to answer, from the look-up of its name on.
  public var timeout: Duration = .seconds(15)
  /// `webhooks.max_endpoints`.
  public var maxEndpoints = 100
  /// `webhooks.concurrency`: deliveries that may be under way at once, each on a thread; one per endpoint.
  public var concurrency = 8
  /// `webhooks.retry_for`: how long a signal is tried before it becomes a dead letter.
  public var retryFor: Duration = .seconds(86_400)
  /// `webhooks.ca_file`: certificates (PEM) to trust in place of the system's; empty for these.
  public var caFile = ""

  public init() {}
}
