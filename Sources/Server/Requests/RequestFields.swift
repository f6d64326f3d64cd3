import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes

/// The header fields of a request, whoever has read them. Names are given in lower case.
package protocol RequestFields: Sendable {
  /// ``FieldValue/repeated`` if it is there twice.
  func value(of name: String) -> FieldValue
  /// The values of every field of that name, in their order.
  func values(of name: String) -> [String]
  /// Whether any is there that only proxies write.
  var areForwarded: Bool { get }
}

extension HTTPFields: RequestFields {
  package func values(of name: String) -> [String] {
    compactMap { $0.name.canonicalName == name ? $0.value : nil }
  }
}
