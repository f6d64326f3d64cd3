import CardeaContracts

/// One row of a query, read strictly: a value of another kind is a fault that names its column.
struct SourceRow {
  let values: [SourceValue]

  private func value(_ index: Int) -> SourceValue {
    values.indices.contains(index) ? values[index] : .null
  }

  func isNull(_ index: Int) -> Bool { value(index) == .null }

  func text(_ index: Int, _ column: String) throws(RowFault) -> String {
    switch value(index) {
    case .text(let text): return text
    case .integer(let number): return "\(number)"
    case .null: throw RowFault("\(column) is null")
    case .other: throw RowFault("\(column) is no text")
    }
  }

  func optionalText(_ index: Int, _ column: String) throws(RowFault) -> String? {
    isNull(index) ? nil : try text(index, column)
  }

  func integer(_ index: Int, _ column: String) throws(RowFault) -> Int64 {
    switch value(index) {
    case .integer(let number): return number
    case .text(let text):
      if let number = IntegerText.parse(text) { return Int64(number) }
      fallthrough
    default: throw RowFault("\(column) is no whole number")
    }
  }

  /// 0 and 1 as SQLite keeps them, `f` and `t` as PostgreSQL writes them.
  func boolean(_ index: Int, _ column: String) throws(RowFault) -> Bool {
    switch value(index) {
    case .integer(0), .text("f"), .text("0"): return false
    case .integer(1), .text("t"), .text("1"): return true
    default: throw RowFault("\(column) is neither true nor false")
    }
  }

  func date(_ index: Int, _ column: String) throws(RowFault) -> Timestamp {
    guard case .text(let text) = value(index), let date = SourceDate.parse(text) else {
      throw RowFault("\(column) is no date")
    }
    return date
  }

  func optionalDate(_ index: Int, _ column: String) throws(RowFault) -> Timestamp? {
    isNull(index) ? nil : try date(index, column)
  }

  /// A UUID with or without dashes, as 32 lower-case hexadecimal digits.
  func uuid(_ index: Int, _ column: String) throws(RowFault) -> String {
    let text = try text(index, column)
    func isDigit(_ byte: UInt8) -> Bool {
      (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)
    }
    // As Django keeps it in SQLite.
    if text.utf8.count == 32, text.utf8.allSatisfy(isDigit) { return text }
    let digits = text.lowercased().utf8.filter { $0 != UInt8(ascii: "-") }
    guard digits.count == 32, digits.allSatisfy(isDigit) else {
      throw RowFault("\(column) is no UUID")
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
