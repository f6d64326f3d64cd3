#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AccessPayload {
  /// The path in a payload as ``json`` spells it: what a ``UsageCountingStore`` counts by. `nil` if there is none.
  public static func path(in payload: [UInt8]) -> String? {
    // A quote within a text has a backslash before it, so no text looks like this.
    guard let name = payload.firstRange(of: Array(#""path":""#.utf8)) else { return nil }
    var end = name.upperBound
    var isEscaped = false
    while end < payload.count, payload[end] != UInt8(ascii: "\"") {
      if payload[end] == UInt8(ascii: "\\") {
        isEscaped = true
        end += 1
      }
      end += 1
    }
    guard end < payload.count else { return nil }
    guard isEscaped else {
      return String(validating: payload[name.upperBound..<end], as: UTF8.self)
    }
    return try? JSONDecoder().decode(String.self, from: Data(payload[(name.upperBound - 1)...end]))
  }
}
