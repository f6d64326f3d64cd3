/// The `traceparent` of a request: which trace it belongs to, and which span of the caller's it was sent in.
///
/// W3C Trace Context, level 1, section 3.2. What is not exactly so is no `traceparent`: a client may send anything, and
/// an id that nobody made would be found by nobody.
struct TraceParent: Sendable, Equatable {
  /// 32 lower-case hexadecimal digits, not all zero.
  let traceID: String
  /// 16 lower-case hexadecimal digits, not all zero.
  let parentID: String
  /// Whether the caller keeps what it measures of this trace.
  let isSampled: Bool

  private static let length = 55
  private static let hyphen = UInt8(ascii: "-")

  /// Reads a field's value. Two fields of the name, joined by a comma, are none.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= TraceParent.length, bytes[2] == TraceParent.hyphen,
      bytes[35] == TraceParent.hyphen, bytes[52] == TraceParent.hyphen
    else { return nil }
    let (version, trace) = (bytes[0..<2], bytes[3..<35])
    let (parent, flags) = (bytes[36..<52], bytes[53..<55])
    guard [version, trace, parent, flags].allSatisfy({ $0.allSatisfy(TraceParent.isDigit) }),
      !version.elementsEqual("ff".utf8), trace.contains(where: { $0 != UInt8(ascii: "0") }),
      parent.contains(where: { $0 != UInt8(ascii: "0") })
    else { return nil }
    // Versions to come may go on behind a hyphen; this one ends here.
    let isCurrent = version.elementsEqual("00".utf8)
    guard bytes.count == TraceParent.length || (!isCurrent && bytes[55] == TraceParent.hyphen)
    else { return nil }
    traceID = String(decoding: trace, as: UTF8.self)
    parentID = String(decoding: parent, as: UTF8.self)
    let flag = UInt8(String(decoding: flags, as: UTF8.self), radix: 16) ?? 0
    isSampled = flag & 1 == 1
  }

  /// As it is sent on: in the version that is understood here, with the one flag that it has.
  var text: String { "00-\(traceID)-\(parentID)-\(isSampled ? "01" : "00")" }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
    default: false
    }
  }
}
