/// What a new endpoint is made of.
public struct NewWebhook: Sendable {
  /// Where deliveries are sent: https, unless `webhooks.allow` says otherwise.
  public var url: String
  public var description = ""
  /// The wire names of the signals that it gets; empty for every one.
  public var signals: [String] = []
  /// Whether anything is sent from the first.
  public var isEnabled = true

  public init(url: String) { self.url = url }
}
