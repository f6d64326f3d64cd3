/// SQL and the values for its parameters.
struct Statement: Sendable {
  let sql: String
  let values: [Parameter]
  /// Whether a connection prepares it once and keeps it for the next time.
  let isKept: Bool

  init(_ sql: String, _ values: [any Bindable] = [], isKept: Bool = true) {
    self.sql = sql
    self.values = values.map(\.parameter)
    self.isKept = isKept
  }

  /// No text of PostgreSQL's holds a NUL byte, so nothing that is stored equals one that does.
  var holdsNUL: Bool {
    values.contains { $0.type == String.type && $0.bytes?.contains(0) == true }
  }

  /// The values as libpq takes them, side by side: types, bytes, lengths and formats; valid inside `body`.
  func withValues<Value>(
    _ body: (
      Int32, [UInt32], [UnsafePointer<CChar>?], [Int32], [Int32]
    ) -> Value
  ) -> Value {
    // One buffer for all: a pointer per value is valid as long as it is.
    var bytes: [UInt8] = []
    for value in values {
      if let content = value.bytes { bytes += content }
      bytes.append(0)
    }
    return bytes.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { buffer in
        var pointers: [UnsafePointer<CChar>?] = []
        var offset = 0
        for value in values {
          pointers.append(value.bytes == nil ? nil : buffer.baseAddress.map { $0 + offset })
          offset += (value.bytes?.count ?? 0) + 1
        }
        return body(
          Int32(values.count), values.map(\.type), pointers,
          values.map { Int32($0.bytes?.count ?? 0) }, values.map { _ in 1 })
      }
    }
  }
}
