import CardeaContracts
import CardeaFormats
import CardeaPluginTestKit
import CardeaTestFixtures
import Testing

@Suite struct DottedFormatTests {
  @Test("tokens of djangorestframework-api-key: kept under drf_, hashed whole")
  func oracle() throws {
    for key in try DRFOracle.load().keys {
      #expect(parts(DottedFormat(), key.raw) == ["drf_\(key.prefix)", key.raw])
    }
  }

  @Test("what the package's own parser made of nothing is none of ours")
  func malformed() throws {
    for text in try DRFOracle.load().malformed { #expect(parts(DottedFormat(), text.raw) == nil) }
  }

  @Test("issues the package's shape, whatever the namespace")
  func build() throws {
    let built = try DottedFormat().build(request(namespace: "acme"))
    #expect(built.token.reveal().wholeMatch(of: /[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}/) != nil)
    #expect(built.prefix == "drf_" + built.token.reveal().prefix(8))
    #expect(built.secret == built.token)
  }

  @Test("a key that is kept under another namespace can't be moved to it")
  func foreignPrefix() {
    #expect(throws: FormatError.self) { try DottedFormat().build(request(prefix: "tok_ab12CD34")) }
    #expect(throws: FormatError.self) { try DottedFormat().build(request(prefix: "drf_a_b12CD3")) }
  }

  @Test(
    "not dotted",
    arguments: [
      "", ".", "a.", ".ssssssssssssssss", "a.sssssssssssssss", "a..ssssssssssssssss",
      "a.ssssssssssssssss.b", "a_b.ssssssssssssssss", "a.ssssssss:sssssssss",
      "a.sssssssssssssss\u{0}",
      "\u{e9}.ssssssssssssssss", " a.ssssssssssssssss",
    ])
  func refused(text: String) { #expect(parts(DottedFormat(), text) == nil) }
}
