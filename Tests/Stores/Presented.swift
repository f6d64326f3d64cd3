import CardeaContracts

/// A request with a token under `X-API-Key`.
struct Presented: RequestView, Sendable {
  let method = "GET"
  let path = "/"
  let clientAddress: String? = nil
  let token: Secret

  init(_ token: Secret) { self.token = token }

  func header(_ name: String) -> FieldValue {
    name.lowercased() == "x-api-key" ? .one(token.reveal()) : .absent
  }
  func query(_ name: String) -> FieldValue { .absent }
}
