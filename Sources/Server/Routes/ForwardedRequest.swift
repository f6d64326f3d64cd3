import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes

/// The request that a proxy asks about: its credentials from the headers that the proxy handed on,
/// its method and URI from where a trusted proxy tells them.
///
/// What a trusted proxy did not say exactly once, and readably, is unknown: the empty string, which
/// an allow-list of methods or paths denies. Our own method, path and query are the proxy's
/// question, never the client's request, and stand in for nothing.
struct ForwardedRequest: RequestView, Sendable {
  private let fields: any RequestFields
  private let items: FormItems?
  private let formItems: FormItems?
  let method: String
  let path: String
  let clientAddress: String?
  let requestID: String?

  init(_ arrival: Arrival, _ original: OriginalRequest, form: String? = nil) {
    fields = arrival.fields
    clientAddress = arrival.client.text
    requestID = arrival.requestID
    formItems = form.map { FormItems(form: $0) }
    var (toldMethod, toldTarget): (String?, String?)
    if arrival.client.isForwarded {
      switch original {
      case .fields:
        if case .one(let name) = fields.value(of: "x-forwarded-method") { toldMethod = name }
        if case .one(let uri) = fields.value(of: "x-forwarded-uri") { toldTarget = uri }
      case .told(let method, let target): (toldMethod, toldTarget) = (method, target)
      }
    }
    let target = toldTarget.flatMap {
      $0.utf8.first == UInt8(ascii: "/") ? RequestTarget($0) : nil
    }
    items = target?.query.map { FormItems(query: $0) }
    path = target.map { String($0.path) } ?? ""
    method = toldMethod.flatMap { HTTPRequest.Method($0)?.rawValue } ?? ""
  }

  func header(_ name: String) -> FieldValue { fields.value(of: name) }
  func query(_ name: String) -> FieldValue { items?.value(name) ?? .absent }
  func form(_ name: String) -> FieldValue { formItems?.value(name) ?? .absent }
}
