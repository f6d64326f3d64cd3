/// What is to be changed about an endpoint; `nil` leaves it as it is.
public struct WebhookEdit: Sendable {
  public var url: String?
  public var description: String?
  /// All that it is to get; empty for every one.
  public var signals: [String]?
  public var isEnabled: Bool?

  public init() {}
}
