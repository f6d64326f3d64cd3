import CardeaServer

/// Queries, cursors and limits: what is taken is within its bounds.
enum QueryProperties {
  static func violation(of bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self),
      let fields = try? QueryFields(
        text[...], known: ["limit", "cursor", "created", "query"], ignored: ["api_key"])
    else { return nil }
    if let limit = try? fields.limit(), !(1...1_000).contains(limit) { return "limit \(limit)" }
    if let cursor = try? fields.cursor(), cursor.uuidString.utf8.count != 36 { return "cursor" }
    _ = try? fields.span("created")
    return nil
  }
}
