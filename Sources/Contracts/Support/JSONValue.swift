/// Any JSON value: what a key's `metadata` holds.
public indirect enum JSONValue: Sendable, Hashable, Codable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Whether a person who writes `text` may mean this value: the string of the same bytes, or the number, `true`,
  /// `false` or `null` that is written so. Arrays and objects are never meant.
  public func reads(_ text: String) -> Bool {
    switch self {
    case .string(let value): value.utf8.elementsEqual(text.utf8)
    case .null: text.utf8.elementsEqual("null".utf8)
    case .bool(let value): text.utf8.elementsEqual((value ? "true" : "false").utf8)
    case .integer(let value): Int64(text) == value
    case .number(let value): Double(text) == value
    case .array, .object: false
    }
  }

  /// At most so many bytes of JSON, whoever writes it; without a look at what has to be escaped.
  var longest: Int {
    // The longest Int64 has 20 characters, the longest Double 24, an escape of one byte 6.
    func length(_ text: String) -> Int { text.utf8.count * 6 + 2 }
    return switch self {
    case .null, .bool, .integer: 20
    case .number(let value): value.isFinite ? 24 : .max
    case .string(let text): length(text)
    case .array(let values): values.reduce(2) { JSONValue.sum($0, $1.longest, 1) }
    case .object(let values):
      values.reduce(2) { JSONValue.sum($0, $1.value.longest, length($1.key) + 2) }
    }
  }

  private static func sum(_ numbers: Int...) -> Int {
    numbers.reduce(0) { sum, number in
      let (result, overflow) = sum.addingReportingOverflow(number)
      return overflow ? .max : result
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}
