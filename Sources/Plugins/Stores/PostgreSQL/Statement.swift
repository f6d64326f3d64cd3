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
}
