import CardeaContracts
import Foundation
import Testing

@testable import CardeaCLI

@Suite struct AuditOutputTests {
  /// U5: whatever a client sent, an exported entry is one line that does nothing to a terminal, and reads back
  /// equal.
  @Test(arguments: [
    "a\r\nb", "\u{1b}[31m", "a\u{0}b", "\u{7f}", "\u{85}", "\u{9b}2J", "\u{2028}", "\u{2029}",
    "\u{202e}x", "\u{200b}", "\u{feff}", "\u{e0041}", "\"},{\"", "\\u0041\"", "\u{fffd}", "clé-鍵",
  ])
  func oneLinePerEntryThatReadsBackEqual(_ text: String) throws {
    let event = AccessEvent(
      at: Timestamp(milliseconds: 0), reason: .unknown, keyID: nil, prefix: text, owner: text,
      request: RequestFacts(
        method: text, path: text, clientAddress: text, userAgent: text, requestID: text))
    let draft = AccessDraft(event)
    let entry = AccessEntry(
      node: "n", position: 1, action: draft.action, at: draft.at, reason: draft.reason,
      status: draft.status, count: 1, keyID: nil, prefix: draft.prefix, payload: draft.payload,
      salt: [], payloadDigest: .zero, hash: .zero)
    let line = try AuditOutput.line(.access(entry))
    let unsafe = line.unicodeScalars.filter {
      [.control, .format, .lineSeparator, .paragraphSeparator].contains(
        $0.properties.generalCategory)
    }
    #expect(unsafe.isEmpty)
    let read = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    for name in ["prefix", "owner", "method", "path", "address", "user_agent", "request_id"] {
      let value = try #require(read[name] as? String)
      #expect(value.unicodeScalars.elementsEqual(text.unicodeScalars), "\(name)")
    }
    let cells = Table.line(AuditOutput.cells(.access(entry)), colour: false)
    #expect(!cells.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
  }
}
