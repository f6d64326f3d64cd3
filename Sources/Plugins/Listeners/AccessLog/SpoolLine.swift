import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A record as a line of the spool:
///
/// ```
/// <sequence> <milliseconds> <e|f|o> <count> <status> <reason|-> <key id|-> <prefix|-> <payload>
/// ```
///
/// `f` marks a flood's record, `o` a log-out's. The prefix is percent-encoded where it is not visible ASCII, the payload is
/// ``AccessPayload/json``, which holds no line break.
package enum SpoolLine {
  /// Everything behind the sequence, with the line's end.
  static func body(_ draft: AccessDraft, isFolded: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(draft.payload.count + 128)
    func add(_ text: String) {
      bytes.append(0x20)
      bytes.append(contentsOf: text.utf8)
    }
    add(String(draft.at.milliseconds))
    add(isFolded ? "f" : draft.action == UserLoggedOut.name ? "o" : "e")
    add(String(draft.count))
    add(String(draft.status))
    add(draft.reason ?? "-")
    add(draft.keyID?.text ?? "-")
    bytes.append(0x20)
    if let prefix = draft.prefix { append(prefix, to: &bytes) } else { bytes.append(dash) }
    bytes.append(0x20)
    bytes.append(contentsOf: draft.payload)
    bytes.append(lineFeed)
    return bytes
  }

  /// More are not written in ten thousand years, and what counts on from them does not overflow.
  static let sequences = 1...Int64(1) << 53
  /// Of one line; a million lines of as many each can be added up.
  private static let counts = 1...Int64(1) << 40

  package static let lineFeed = UInt8(ascii: "\n")
  private static let dash = UInt8(ascii: "-")

  /// A prefix that is `-`, or not visible ASCII, is percent-encoded.
  private static func append(_ prefix: String, to bytes: inout [UInt8]) {
    let isDash = prefix.utf8.elementsEqual("-".utf8)
    if prefix.isEmpty { return bytes.append(contentsOf: "%".utf8) }
    for byte in prefix.utf8 {
      if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "%"), !isDash {
        bytes.append(byte)
      } else {
        bytes.append(UInt8(ascii: "%"))
        bytes.append(contentsOf: Hex.text([byte]).utf8)
      }
    }
  }

  /// Reads a line without its end; `nil` if it is none.
  package static func record(_ line: UnsafeBufferPointer<UInt8>) -> SpooledAccess? {
    var rest = line
    guard let sequence = next(&rest).flatMap(number), sequences.contains(sequence),
      let at = next(&rest).flatMap(number), let kind = next(&rest), kind.count == 1,
      let count = next(&rest).flatMap(number), counts.contains(count),
      let status = next(&rest).flatMap(number),
      let reason = next(&rest).map(text), let keyID = next(&rest),
      let prefix = next(&rest).flatMap(prefix), rest.first == UInt8(ascii: "{"),
      rest.last == UInt8(ascii: "}")
    else { return nil }
    return SpooledAccess(
      sequence: sequence,
      draft: AccessDraft(
        action: kind[0] == UInt8(ascii: "o")
          ? UserLoggedOut.name : AccessDraft.action(for: reason.flatMap(Denial.Reason.init)),
        at: Timestamp(milliseconds: at), reason: reason, status: Int(status), count: count,
        keyID: id(keyID), prefix: prefix.text,
        payload: Array(rest)), isFolded: kind[0] == UInt8(ascii: "f"))
  }

  private typealias Part = UnsafeBufferPointer<UInt8>

  /// Takes what stands before the next space, and the space; `nil` if there is none.
  private static func next(_ rest: inout Part) -> Part? {
    guard let end = rest.firstIndex(of: 0x20) else { return nil }
    defer { rest = Part(rebasing: rest[(end + 1)...]) }
    return Part(rebasing: rest[..<end])
  }

  private static func number(_ part: Part) -> Int64? {
    guard !part.isEmpty else { return nil }
    var value: Int64 = 0
    let isNegative = part.first == dash
    for byte in isNegative ? part.dropFirst() : part[...] {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = scaled.addingReportingOverflow(Int64(byte) - 0x30)
      guard !overflow, !overflow2 else { return nil }
      value = sum
    }
    return isNegative ? -value : value
  }

  private static func text(_ part: Part) -> String? {
    part.count == 1 && part.first == dash ? nil : String(validating: part, as: UTF8.self)
  }

  /// As it was written. Read by hand: Foundation's way takes as long as all the rest of a line.
  private static func id(_ part: Part) -> UUID? {
    guard part.count == 36 else { return nil }
    var id: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    var place = 0
    let isID = withUnsafeMutableBytes(of: &id) { bytes in
      for index in 0..<16 {
        if [4, 6, 8, 10].contains(index) {
          guard part[place] == dash else { return false }
          place += 1
        }
        guard let high = Hex.anyCase(part[place]), let low = Hex.anyCase(part[place + 1]) else {
          return false
        }
        bytes[index] = high << 4 | low
        place += 2
      }
      return true
    }
    return isID ? UUID(uuid: id) : nil
  }

  private static func prefix(_ part: Part) -> (text: String?, ())? {
    if part.count == 1, part.first == dash { return (nil, ()) }
    if part.elementsEqual("%".utf8) { return ("", ()) }
    guard part.contains(UInt8(ascii: "%")) else {
      return String(validating: part, as: UTF8.self).map { ($0, ()) }
    }
    var bytes: [UInt8] = []
    var rest = part[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      guard digits.utf8.count == 2, let value = Hex.bytes(digits)?.first else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self).map { ($0, ()) }
  }
}
