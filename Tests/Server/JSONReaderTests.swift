import CardeaContracts
import Testing

@testable import CardeaServer

@Suite("the JSON reader")
struct JSONReaderTests {
  private func read(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

  @Test func readsEveryKindOfValue() throws {
    #expect(
      try read(" {\"a\" : [1, -2.5e1, true, false, null, {}], \"\": [ ]}\r\n\t")
        == .object([
          "a": .array([.integer(1), .number(-25), .bool(true), .bool(false), .null, .object([:])]),
          "": .array([]),
        ]))
    #expect(
      try read(#""\"\\\/\b\f\n\r\té\ud83d\ude00é""#)
        == .string("\"\\/\u{8}\u{C}\n\r\té😀é"))
    #expect(try read("-9223372036854775808") == .integer(.min))
    #expect(try read("0") == .integer(0))
    #expect(try read("-0") == .integer(0))
    #expect(try read("0.1E-2") == .number(0.001))
    #expect(try read("\"\u{7F}\u{2028}\"") == .string("\u{7F}\u{2028}"))
  }

  @Test(arguments: [
    "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}",
    "{\"a\":1,}", "{,}", "{1:2}", "{'a':1}", "{\"a\":1}}", "1 2", "tru", "trueX", "nul", "True",
    "01",
    "-", "+1", ".5", "5.", "1e", "1e+", "0x1", "NaN", "1_000", "\"", "\"a", "\"\\\"", "\"\\u12\"",
    "\"\\u12G4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "\"\n\"",
    "\"\t\"", "\u{FEFF}1", "9223372036854775808", "1e999", "{\"a\":1,\"a\":1}", "// a\n1", "٣",
    "[1]]", "\u{0}",
  ])
  func refuses(text: String) {
    #expect(throws: JSONReader.Fault.self) { try read(text) }
  }

  @Test func bytesThatAreNoUTF8AreRefused() {
    for bytes: [UInt8] in [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
    ] {
      #expect(throws: JSONReader.Fault.self) { try JSONReader.read(bytes) }
    }
  }

  @Test func levelsAreBounded() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try read(nested(32))
    #expect(throws: JSONReader.Fault.self) { try read(nested(33)) }
    #expect(throws: JSONReader.Fault.self) {
      try read(String(repeating: "{\"a\":", count: 60_000))
    }
  }

  @Test func noPrefixAndNoMutationOfABodyTraps() {
    let body = Array(#"{"name":"aé\n","n":-1.5e3,"l":[true,null,{}]}"#.utf8)
    for end in 0..<body.count {
      #expect(throws: JSONReader.Fault.self) { try JSONReader.read(Array(body[..<end])) }
    }
    for index in body.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = body
        changed[index] = byte
        _ = try? JSONReader.read(changed)
      }
    }
  }
}
