import CardeaContracts
import Foundation
import Logging
import Testing

@testable import CardeaCLI

@Suite struct LogLineHandlerTests {
  private func lines(
    _ format: LogLineHandler.Format, level: Logger.Level = .info, _ log: (Logger) -> Void
  ) -> [String] {
    let written = Locked<[String]>([])
    log(
      Logger(label: "test") { _ in
        LogLineHandler(format: format, level: level) { line in written.withLock { $0.append(line) }
        }
      })
    return written.withLock { $0 }
  }

  @Test(arguments: [
    "a\r\nb", "\u{1b}[31m", "a\u{0}b", "\u{7f}", "\u{85}", "\u{2028}", "\u{202e}x", "\u{feff}",
    "\"},{\"", "\\", "", "clé-鍵", "a=b c",
  ])
  func aLineIsOneLineThatReadsBackEqual(_ text: String) throws {
    for format in LogLineHandler.Format.allCases {
      let written = lines(format) { $0.info("\(text)", metadata: ["k": "\(text)"]) }
      #expect(written.count == 1)
      let line = try #require(written.first)
      #expect(
        !line.unicodeScalars.contains {
          [.control, .format, .lineSeparator, .paragraphSeparator].contains(
            $0.properties.generalCategory)
        })
      guard format == .json else { continue }
      let read = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let message = try #require(read["message"] as? String)
      #expect(message.unicodeScalars.elementsEqual(text.unicodeScalars))
      #expect((read["k"] as? String)?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    }
  }

  @Test func numbersStayNumbersAndWhatIsReservedKeepsItsMeaning() throws {
    let line = try #require(
      lines(.json) {
        $0.warning(
          "m", metadata: ["n": .stringConvertible(7), "d": .stringConvertible(1.5), "level": "x"])
      }.first)
    let read = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(read["n"] as? Int == 7 && read["d"] as? Double == 1.5)
    #expect(read["level"] as? String == "warning" && read["level_"] as? String == "x")
    let time = try #require(read["time"] as? String)
    #expect(Timestamp(rfc3339: time) != nil)
  }

  @Test func textIsForPeople() throws {
    let line = try #require(
      lines(.text) { $0.error("it broke", metadata: ["b": "two words", "a": "1"]) }.first)
    #expect(line.hasSuffix(#" error: it broke a=1 b="two words""#))
  }

  @Test func belowItsLevelNothingIsWritten() {
    #expect(lines(.text, level: .notice) { $0.info("no") }.isEmpty)
  }
}
