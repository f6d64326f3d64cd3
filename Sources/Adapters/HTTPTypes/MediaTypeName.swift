/// The type and subtype of a `Content-Type`, without its parameters.
package enum MediaTypeName: Sendable {
  case json, form, other

  /// Compared without regard to ASCII case (RFC 9110, section 8.3.1).
  package init(_ value: String) {
    let name = value.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
    let lower = name.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    self =
      if lower.elementsEqual("application/json".utf8) {
        .json
      } else if lower.elementsEqual("application/x-www-form-urlencoded".utf8) {
        .form
      } else {
        .other
      }
  }
}
