import CardeaContracts
import Testing

@testable import CardeaCLI

@Suite("Output")
struct OutputTests {
  @Test(
    "stored text can't act on a terminal",
    arguments: [
      ("plain", "plain"), ("caf\u{e9} 鍵", "café 鍵"), ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
      ("a\r\nb", "a\\u{d}\\u{a}b"), ("\u{9b}1m", "\\u{9b}1m"), ("x\u{202e}y", "x\\u{202e}y"),
      ("x\u{200b}y", "x\\u{200b}y"), ("x\u{2028}y", "x\\u{2028}y"), ("\u{0}", "\\u{0}"),
    ])
  func safeText(text: String, expected: String) {
    #expect(SafeText.line(text) == expected)
  }

  @Test("a long text is cut, and says so")
  func cut() {
    #expect(SafeText.line("abcdef", limit: 3) == "abc…")
    #expect(SafeText.line("abc", limit: 3) == "abc")
    #expect(SafeText.lines("a\u{1b}\nb") == "a\\u{1b}\nb")
  }

  @Test("columns line up; colour only where it is asked for")
  func table() {
    var table = Table(["A", "LONG"])
    table.add(["x", .init("y", .red)])
    table.add(["wide", .init("", .green)])
    #expect(table.lines(colour: false) == ["A     LONG", "x     y", "wide"])
    #expect(
      table.lines(colour: true) == [
        "\u{1b}[1mA\u{1b}[0m     \u{1b}[1mLONG\u{1b}[0m", "x     \u{1b}[31my\u{1b}[0m",
        "wide  \u{1b}[32m\u{1b}[0m",
      ])
  }

  @Test("what came of a change is said to be known only where it is")
  func unknownOutcome() {
    let changing = CommandFailure(LifecycleError.storeUnavailable("gone"))
    #expect(changing.exit == .store && changing.remedy?.contains("is not known") == true)
    let opening = CommandFailure(StoreError.unavailable("gone"))
    #expect(opening.exit == .store && opening.remedy?.hasPrefix("Nothing was changed.") == true)
    #expect(CommandFailure(StoreError.conflict).code == "conflict")
  }
}
