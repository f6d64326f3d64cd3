/// The `tracestate` of a request: what the systems that trace it have to tell each other. It is handed on, not read.
///
/// W3C Trace Context, level 1, section 3.3. One that is not exactly so is dropped, as that section wants; the
/// `traceparent` beside it stays.
struct TraceState: Sendable, Equatable {
  /// The list as it was sent, without members that are empty.
  let text: String

  private static let mostMembers = 32

  /// Reads a field's value, or those of several fields joined by commas.
  init?(_ text: String) {
    var keys: Set<String> = []
    var members: [String] = []
    for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let member = TraceState.trimmed(part)
      if member.isEmpty { continue }
      guard let equals = member.firstIndex(of: UInt8(ascii: "=")),
        TraceState.isKey(member[..<equals]),
        TraceState.isValue(member[member.index(after: equals)...]),
        keys.insert(String(decoding: member[..<equals], as: UTF8.self)).inserted
      else { return nil }
      members.append(String(decoding: member, as: UTF8.self))
    }
    guard (1...TraceState.mostMembers).contains(members.count) else { return nil }
    self.text = members.joined(separator: ",")
  }

  /// A key, or `tenant@system`.
  private static func isKey(_ key: Substring.UTF8View) -> Bool {
    let parts = key.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      return parts.count == 1 && isName(key, upTo: 256, mayBeginWithDigit: false)
    }
    return isName(parts[0], upTo: 241, mayBeginWithDigit: true)
      && isName(parts[1], upTo: 14, mayBeginWithDigit: false)
  }

  private static func isName(
    _ name: Substring.UTF8View, upTo limit: Int, mayBeginWithDigit: Bool
  ) -> Bool {
    guard let first = name.first, name.count <= limit else { return false }
    let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
    let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    return (isLetter || (mayBeginWithDigit && isDigit)) && name.allSatisfy(isNamed)
  }

  private static func isNamed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"):
      true
    default: false
    }
  }

  /// 1 to 256 printable characters of ASCII without comma and `=`. That it ends with no space, trimming has seen to.
  private static func isValue(_ value: Substring.UTF8View) -> Bool {
    (1...256).contains(value.count)
      && value.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
  }

  /// Without the blanks around it that a list may have.
  private static func trimmed(_ part: Substring.UTF8View) -> Substring.UTF8View {
    var part = part
    while let first = part.first, isBlank(first) { part = part.dropFirst() }
    while let last = part.last, isBlank(last) { part = part.dropLast() }
    return part
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
