/// A plugin that reads fields of a key's metadata and says what they must look like.
///
/// The kernel asks it whenever a key is created or its metadata is edited, so that a field that the plugin
/// could not read is refused with its name instead of denying requests later.
///
/// Threading: synchronous, from any thread; no I/O.
public protocol MetadataChecking: Plugin {
  /// - Throws: ``MetadataFault`` for the first of its own fields that it could not read. Fields of others are
  ///   not its business.
  func check(metadata: [String: JSONValue]) throws(MetadataFault)
}

extension [String: JSONValue] {
  /// A text, or `nil` if there is no such field or it is `null`.
  public func string(_ field: String) throws(MetadataFault) -> String? {
    switch self[field] {
    case nil, .null?: return nil
    case .string(let value)?: return value
    default: throw MetadataFault(field: field, reason: "must be a text")
    }
  }

  /// A list of texts, or `nil` if there is no such field or it is `null`.
  public func strings(_ field: String) throws(MetadataFault) -> [String]? {
    guard let value = self[field], value != .null else { return nil }
    let fault = MetadataFault(field: field, reason: "must be a list of texts")
    guard case .array(let elements) = value else { throw fault }
    var strings: [String] = []
    strings.reserveCapacity(elements.count)
    for element in elements {
      guard case .string(let string) = element else { throw fault }
      strings.append(string)
    }
    return strings
  }

  /// A whole number, or `nil` if there is no such field or it is `null`.
  public func integer(_ field: String) throws(MetadataFault) -> Int? {
    switch self[field] {
    case nil, .null?: return nil
    case .integer(let value)?:
      if let integer = Int(exactly: value) { return integer }
      fallthrough
    default: throw MetadataFault(field: field, reason: "must be a whole number")
    }
  }

  /// `true` or `false`, or `nil` if there is no such field or it is `null`.
  public func boolean(_ field: String) throws(MetadataFault) -> Bool? {
    switch self[field] {
    case nil, .null?: return nil
    case .bool(let value)?: return value
    default: throw MetadataFault(field: field, reason: "must be true or false")
    }
  }
}
