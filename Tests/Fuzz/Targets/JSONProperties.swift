import CardeaContracts
import CardeaServer
import Foundation

/// JSON bodies: what we read, Foundation reads too, and as the same value.
enum JSONProperties {
  static func violation(of bytes: [UInt8]) -> String? {
    guard let value = try? JSONReader.read(bytes) else { return nil }
    guard let other = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else {
      return "a strict parser refuses what was read"
    }
    return areSame(value, other) ? nil : "another value than a strict parser's"
  }

  /// Strings byte for byte; `-2.5e1` may be a whole number to one of the two.
  private static func areSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
    switch (one, other) {
    case (.integer(let whole), .number(let number)), (.number(let number), .integer(let whole)):
      Double(whole) == number
    case (.string(let text), .string(let other)): text.utf8.elementsEqual(other.utf8)
    case (.array(let items), .array(let others)):
      items.count == others.count && zip(items, others).allSatisfy(areSame)
    case (.object(let members), .object(let others)):
      members.count == others.count
        && members.allSatisfy { name, value in others[name].map { areSame(value, $0) } ?? false }
    default: one == other
    }
  }
}
