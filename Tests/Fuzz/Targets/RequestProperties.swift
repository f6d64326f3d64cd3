import CardeaContracts
import CardeaExtractors
import CardeaHTTPTypes

/// Extractors: what one finds is 1 to 512 bytes of visible ASCII without a comma. The first byte
/// chooses where the rest stands.
enum RequestProperties {
  private struct Request: RequestView {
    let text: String
    var method: String { "GET" }
    var path: String { "/" }
    var clientAddress: String? { nil }
    func header(_ name: String) -> FieldValue { .one(text) }
    func query(_ name: String) -> FieldValue {
      FormItems(query: text[...]).value(name)
    }
    func form(_ name: String) -> FieldValue { FormItems(form: text).value(name) }
  }

  private static let extractors: [any CredentialExtractor] = [
    HeaderExtractor(name: "X-API-Key"), AuthorizationExtractor(scheme: "Api-Key"),
    BasicExtractor(), QueryExtractor(name: "key"), FormExtractor(name: "key"),
  ]

  static func violation(of bytes: [UInt8]) -> String? {
    guard let first = bytes.first, let text = String(validating: bytes.dropFirst(), as: UTF8.self)
    else { return nil }
    let extractor = extractors[Int(first) % extractors.count]
    guard let found = try? extractor.token(in: Request(text: text)) else { return nil }
    let isClean = found.withUnsafeBytes {
      $0.count <= Candidate.capacity && $0.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2C }
    }
    return isClean ? nil : "\(extractor.id) let \(found.count) bytes through that are no token's"
  }
}
