/// A request to an endpoint: always a POST.
package struct WebhookRequest: Sendable {
  package let url: String
  /// Whole lines: `Name: value`.
  package let headers: [String]
  package let body: [UInt8]
}
