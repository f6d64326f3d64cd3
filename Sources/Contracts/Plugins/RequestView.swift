/// What the kernel and its plugins see of a request, whatever the framework.
///
/// An adapter conforms its framework's request to it in some 20 lines. Names of header fields are given
/// in lower case and compared without regard to ASCII case; names of query items and form fields exactly.
///
/// Threading: one request at a time.
public protocol RequestView {
  /// `GET`, `POST`, …; empty if it is unknown, as where a proxy did not say.
  var method: String { get }
  /// The path without the query; empty if it is unknown.
  var path: String { get }
  /// The client's address, if it is known to be the client's: direct, or from a trusted proxy.
  var clientAddress: String? { get }
  /// The id under which logs and responses name this request.
  var requestID: String? { get }
  /// The value of a header field; `name` is in lower case.
  func header(_ name: String) -> FieldValue
  /// The percent-decoded value of a query item.
  func query(_ name: String) -> FieldValue
  /// The decoded value of a field of an `application/x-www-form-urlencoded` body.
  func form(_ name: String) -> FieldValue
}

extension RequestView {
  public var requestID: String? { nil }
  public func form(_ name: String) -> FieldValue { .absent }
}
