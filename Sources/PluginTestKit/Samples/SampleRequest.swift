import CardeaContracts

/// A request made by hand, for tests of extractors and of whole kernels.
public struct SampleRequest: RequestView, Sendable {
  public struct Field: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public var method: String
  public var path: String
  public var clientAddress: String?
  public var requestID: String?
  public var headers: [Field]
  /// Already percent-decoded.
  public var queryItems: [Field]
  /// Already decoded.
  public var formFields: [Field]

  public init(
    method: String = "GET", path: String = "/", clientAddress: String? = nil,
    requestID: String? = nil, headers: [Field] = [], queryItems: [Field] = [],
    formFields: [Field] = []
  ) {
    self.method = method
    self.path = path
    self.clientAddress = clientAddress
    self.requestID = requestID
    self.headers = headers
    self.queryItems = queryItems
    self.formFields = formFields
  }

  /// A request with these headers, in this order; a name may come more than once.
  public static func headers(_ headers: (String, String)...) -> SampleRequest {
    SampleRequest(headers: headers.map { Field($0.0, $0.1) })
  }

  public func header(_ name: String) -> FieldValue {
    value(of: headers) { lowered($0.utf8).elementsEqual(lowered(name.utf8)) }
  }

  public func query(_ name: String) -> FieldValue {
    value(of: queryItems) { $0.utf8.elementsEqual(name.utf8) }
  }

  public func form(_ name: String) -> FieldValue {
    value(of: formFields) { $0.utf8.elementsEqual(name.utf8) }
  }

  private func value(of fields: [Field], where matches: (String) -> Bool) -> FieldValue {
    let found = fields.filter { matches($0.name) }
    if found.count > 1 { return .repeated }
    return found.first.map { .one($0.value) } ?? .absent
  }

  private func lowered(_ bytes: String.UTF8View) -> some Sequence<UInt8> {
    bytes.lazy.map {
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0
    }
  }
}
