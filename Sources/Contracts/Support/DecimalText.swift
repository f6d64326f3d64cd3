/// Whole numbers as settings and rules write them: plain digits, no sign, no leading zero.
package enum DecimalText {
  /// `nil` if the text is anything else, or beyond 15 digits.
  package static func parse(_ text: some Collection<UInt8>) -> Int? {
    guard (1...15).contains(text.count), text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      text.count == 1 || text.first != 0x30
    else { return nil }
    return text.reduce(0) { $0 * 10 + Int($1) - 0x30 }
  }
}
