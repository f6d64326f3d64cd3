/// Whole numbers as settings and options write them: an optional `-` and ASCII digits, nothing
/// else.
///
/// `Int(_:)` takes `+5`; this does not, nor leading zeros, other scripts' digits, exponents or
/// blanks. One number has one spelling.
package enum IntegerText {
  /// The number, or `nil` if `text` is none or does not fit into 64 bits.
  package static func parse(_ text: String) -> Int? {
    var digits = Array(text.utf8)[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits = digits.dropFirst() }
    guard let first = digits.first, digits.count <= 19 else { return nil }
    if first == UInt8(ascii: "0"), digits.count > 1 || isNegative { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = scaled.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
      guard !overflow, !overflow2 else { return nil }
      value = sum
    }
    return isNegative ? -value : value
  }
}
