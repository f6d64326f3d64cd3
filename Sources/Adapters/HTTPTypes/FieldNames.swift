import HTTPTypes

extension HTTPField.Name {
  /// `X-Request-Id`.
  public static var xRequestID: Self { requestID }

  /// A field name known when the program is written. One that RFC 9110, section 5.6.2, does not allow would
  /// become `X-Cardea-Invalid`; a test knows every one of ours.
  package init(known name: StaticString) {
    self = HTTPField.Name(name.description) ?? HTTPField.Name("X-Cardea-Invalid") ?? .cacheControl
  }
}

private let requestID = HTTPField.Name(known: "X-Request-Id")
