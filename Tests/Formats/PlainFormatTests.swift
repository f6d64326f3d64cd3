import CardeaContracts
import CardeaFormats
import Testing

@Suite struct PlainFormatTests {
  @Test("any visible ASCII, hashed whole", arguments: ["a", "08b474be7422a2d3", "a:b_c.d/e+f=="])
  func claims(text: String) {
    let token = Array(text.utf8)
    let parsed = PlainFormat().parse(token.span)
    #expect(parsed == ParsedToken(prefix: .digest(namespace: "plain"), secret: 0..<token.count))
  }

  @Test(
    "what no header carries, and JSON Web Tokens",
    arguments: [
      "", "a b", "a,b", "a\u{0}", "a\u{7f}", "\u{e9}", String(repeating: "a", count: 513),
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ])
  func refuses(text: String) {
    let token = Array(text.utf8)
    let parsed = PlainFormat().parse(token.span)
    #expect(parsed == nil)
  }

  @Test("it issues nothing")
  func build() {
    #expect(throws: FormatError.self) { try PlainFormat().build(request()) }
  }
}
