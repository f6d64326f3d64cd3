import Cardea

/// A request whose one header carries a token.
package struct HeaderRequest: RequestView, Sendable {
  package let token: String

  package init(token: String) { self.token = token }

  package var method: String { "GET" }
  package var path: String { "/orders" }
  package var clientAddress: String? { nil }
  package func header(_ name: String) -> FieldValue {
    name == "x-api-key" ? .one(token) : .absent
  }
  package func query(_ name: String) -> FieldValue { .absent }
}
