/// What a new endpoint is made of.
public struct NewWebhook: Sendable {
  public var url: String
  public var description = ""
  /// The wire names of the signals that it gets; empty for every one.
  public var signals: [String] = []
  public var isEnabled = true

  public init(url: String) { self.url = url }
}

/// What is to be changed about an endpoint; `nil` leaves it as it is.
public struct WebhookEdit: Sendable {
  public var url: String?
  public var description: String?
  public var signals: [String]?
  public var isEnabled: Bool?

  public init() {}
}

/// An endpoint with a secret that was just made. It goes to the caller that asked for it, once.
public struct IssuedWebhook: Sendable {
  public let status: WebhookStatus
  public let secret: WebhookSecret
}

/// An endpoint, and how deliveries to it go.
public struct WebhookStatus: Sendable {
  public let endpoint: WebhookEndpoint
  public let delivery: WebhookState
  /// Entries of the signal log after the last that was delivered, set aside or of no interest.
  public let waiting: Int64
  public let deadLetters: Int
}
