import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes

/// The request that a proxy asks about: its credentials from the headers that the proxy handed on,
/// its method and URI from `X-Forwarded-Method` and `X-Forwarded-Uri` of a trusted proxy.
///
/// What a trusted proxy did not say exactly once, and readably, is unknown: the empty string, which
/// an allow-list of methods or paths denies. Our own method, path and query are the proxy's
/// question, never the client's request, and stand in for nothing.
struct ForwardedRequest: RequestView, Sendable {
  private let fields: HTTPFields
  private let items: FormItems?
  private let formItems: FormItems?
  let method: String
  let path: String
  let clientAddress: String?
  let requestID: String?

  init(_ exchange: Exchange, form: String?) {
    fields = exchange.request.headers
    clientAddress = exchange.client.text
    requestID = exchange.requestID
    formItems = form.map { FormItems(form: $0) }
    var original: RequestTarget?
    var originalMethod: String?
    if exchange.client.isForwarded {
      if case .one(let uri) = fields.value(of: "x-forwarded-uri"),
        uri.utf8.first == UInt8(ascii: "/")
      {
        original = RequestTarget(uri)
      }
      if case .one(let name) = fields.value(of: "x-forwarded-method") {
        originalMethod = HTTPRequest.Method(name)?.rawValue
      }
    }
    items = original?.query.map { FormItems(query: $0) }
    path = original.map { String($0.path) } ?? ""
    method = originalMethod ?? ""
  }

  func header(_ name: String) -> FieldValue { fields.value(of: name) }
  func query(_ name: String) -> FieldValue { items?.value(name) ?? .absent }
  func form(_ name: String) -> FieldValue { formItems?.value(name) ?? .absent }
}
