import CardeaContracts
import CardeaFormats

/// Finds tokens in bytes by their shape and checksum, without asking anybody.
///
/// A token of any namespace is found where it stands by itself: after a byte that can't be a letter or digit of
/// it, and before one. Bytes are given in pieces of any size. The checksum lets one in a million candidates
/// through by chance (keysmith; underscore: one in four billion). Formats without a checksum can't be told from
/// other text.
struct TokenScanner {
  struct Finding: Equatable {
    /// From 1; columns are bytes.
    let line: Int
    let column: Int
    let prefix: String
    let format: String
  }

  /// The longest token: namespace, `_`, identifier, separator, secret and checksum.
  private static let reach = 246 + 1 + 64 + 1 + 128 + 6
  private static let identifier = 1...64
  /// Secret and checksum.
  private static let rest = (16 + 6)...(128 + 6)

  private var buffer: [UInt8] = []
  /// Where in the buffer separators have not been looked at yet.
  private var next = 0
  /// The line of the buffer's `counted`th byte, and where that line begins, which may be before the buffer.
  private var line = 1
  private var lineStart = 0
  private var counted = 0

  /// - Parameter isLast: whether nothing follows.
  mutating func scan(_ bytes: some Sequence<UInt8>, isLast: Bool) -> [Finding] {
    buffer += bytes
    let end = isLast ? buffer.count : max(next, buffer.count - TokenScanner.reach)
    var findings: [Finding] = []
    while next < end {
      if let format = TokenScanner.format(separatedBy: buffer[next]),
        let token = token(around: next, format)
      {
        count(to: token.range.lowerBound)
        findings.append(
          Finding(
            line: line, column: token.range.lowerBound - lineStart + 1, prefix: token.prefix,
            format: format.name))
        next = token.range.upperBound
      } else {
        next += 1
      }
    }
    forget(before: next - TokenScanner.reach)
    return findings
  }

  /// The token whose secret follows the separator at this place.
  private func token(
    around separator: Int, _ format: any TokenFormat
  ) -> (range: Range<Int>, prefix: String)? {
    let end = buffer[(separator + 1)...].prefix { Self.isAlphanumeric($0) }.endIndex
    guard TokenScanner.rest.contains(end - separator - 1) else { return nil }
    var start = separator
    while start > 0, Self.isAlphanumeric(buffer[start - 1]) { start -= 1 }
    guard start > 1, TokenScanner.identifier.contains(separator - start),
      buffer[start - 1] == UInt8(ascii: "_")
    else { return nil }
    start -= 1
    while start > 0, Self.isOfNamespace(buffer[start - 1]), separator - start < TokenScanner.reach {
      start -= 1
      guard isBoundary(start), let parsed = format.parse(buffer.span.extracting(start..<end)),
        case .part(let prefix) = parsed.prefix
      else { continue }
      let bytes = buffer[start..<end].dropFirst(prefix.lowerBound).prefix(prefix.count)
      return (start..<end, String(decoding: bytes, as: UTF8.self))
    }
    return nil
  }

  /// Whether a token may begin here: at the beginning, behind what is no letter or digit, and behind an escape (`\n`,
  /// `%3D`).
  private func isBoundary(_ place: Int) -> Bool {
    guard place > 0, Self.isAlphanumeric(buffer[place - 1]) else { return true }
    if place > 1, buffer[place - 2] == UInt8(ascii: "\\") { return true }
    return place > 2 && buffer[place - 3] == UInt8(ascii: "%")
  }

  /// Counts lines up to a place in the buffer.
  private mutating func count(to place: Int) {
    while counted < place {
      if buffer[counted] == UInt8(ascii: "\n") {
        line += 1
        lineStart = counted + 1
      }
      counted += 1
    }
  }

  private mutating func forget(before place: Int) {
    guard place > 0 else { return }
    count(to: place)
    buffer.removeFirst(place)
    next -= place
    counted -= place
    lineStart -= place
  }

  private static func format(separatedBy byte: UInt8) -> (any TokenFormat)? {
    switch byte {
    case UInt8(ascii: ":"): KeysmithFormat()
    case UInt8(ascii: "_"): UnderscoreFormat()
    default: nil
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }

  private static func isOfNamespace(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ",")
  }
}
