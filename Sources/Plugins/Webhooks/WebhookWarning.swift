import CardeaContracts

/// What an operator should put right about webhooks, without saying of which endpoint. The raw values are wire names.
public enum WebhookWarning: String, Sendable, CaseIterable {
  /// The circuit of an endpoint is not closed.
  case failing = "webhook_failing"
  /// More than ``SubscriptionFigures/manyWaiting`` signals wait for an endpoint.
  case behind = "webhook_behind"
  /// The record of an endpoint can't be read.
  case unreadable = "webhook_unreadable"
}
