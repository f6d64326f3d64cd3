#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AccessPayload {
  /// The path in a payload as ``json`` spells it: what a ``UsageCountingStore`` counts by. `nil` if there is none.
  public static func path(in payload: [UInt8]) -> String? {
    // A quote within a text has a backslash before it, so no text looks like this.
    guard let begin = end(of: #""path":""#, in: payload) else { return nil }
    var end = begin
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
      return String(validating: payload[begin..<end], as: UTF8.self)
    }
    return try? JSONDecoder().decode(String.self, from: Data(payload[(begin - 1)...end]))
  }

  /// Where the first occurrence of `name` ends.
  private static func end(of name: StaticString, in payload: [UInt8]) -> Int? {
    let length = name.utf8CodeUnitCount
    return payload.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while let next = rest.firstIndex(of: name.utf8Start.pointee), bytes.count - next >= length {
        if UnsafeRawBufferPointer(rebasing: bytes[next..<(next + length)])
          .elementsEqual(UnsafeRawBufferPointer(start: name.utf8Start, count: length))
        {
          return next + length
        }
        rest = bytes[(next + 1)...]
      }
      return nil
    }
  }
}
