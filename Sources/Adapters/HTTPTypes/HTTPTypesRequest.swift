import CardeaContracts
import HTTPTypes

/// A request of swift-http-types as the kernel sees it. Any server that speaks these types can be
/// protected with it: build one per request and give it to
/// ``AuthKernel/authenticate(_:requiring:)``.
///
/// Threading: immutable.
public struct HTTPTypesRequest: RequestView, Sendable {
  private let request: HTTPRequest
  private let target: RequestTarget
  private let formItems: FormItems?
  /// As the adapter was told; no header field is believed here.
  public let clientAddress: String?
  /// As the adapter was told.
  public let requestID: String?

  /// - Parameters:
  ///   - clientAddress: the client's address, if it is known to be the client's: of a direct peer,
  ///     or from a header that a trusted proxy wrote. `nil` rather than a guess.
  ///   - requestID: the id under which logs and responses name this request.
  ///   - form: the body, if it is `application/x-www-form-urlencoded` and a form extractor is in
  ///     use.
  public init(
    _ request: HTTPRequest, clientAddress: String? = nil, requestID: String? = nil,
    form: String? = nil
  ) {
    self.request = request
    self.clientAddress = clientAddress
    self.requestID = requestID
    target = RequestTarget(request.path ?? "")
    formItems = form.map { FormItems(form: $0) }
  }

  public var method: String { request.method.rawValue }
  public var path: String { String(target.path) }

  public func header(_ name: String) -> FieldValue { request.headerFields.value(of: name) }

  public func query(_ name: String) -> FieldValue {
    target.query.map { FormItems(query: $0).value(name) } ?? .absent
  }

  public func form(_ name: String) -> FieldValue { formItems?.value(name) ?? .absent }
}

extension HTTPFields {
  /// The value of the field of that lower-case name: ``FieldValue/repeated`` if it is there twice.
  public func value(of name: String) -> FieldValue {
    var found = FieldValue.absent
    for field in self where field.name.canonicalName == name {
      guard case .absent = found else { return .repeated }
      found = .one(field.value)
    }
    return found
  }
}
