/// What a new endpoint is made of.
public struct NewWebhook: Sendable {
  public var url: String
  public var description = ""
  /// The wire names of the signals that it gets; empty for every one.
  public var signals: [String] = []
  public var isEnabled = true

  public init(url: String) { self.url = url }
}
