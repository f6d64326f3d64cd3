/// What came of a wish to try an endpoint out.
package enum WebhookTrial: Sendable {
  case answered(WebhookAnswer)
  /// It was not sent: too many were, or are under way. How long to wait.
  case limited(Duration)
}
