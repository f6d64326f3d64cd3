import CardeaContracts
import Testing

@Suite struct UsagePathTests {
  @Test(arguments: [
    nil, "/", "/a\"b\\", "/\u{0}\u{202E}\u{1F511}", "/\",\"path\":\"/b", "\"path\":\"", "/\\", "é",
  ])
  func aPayloadsPathIsFoundAsItWasWritten(_ path: String?) {
    var payload = AccessPayload()
    payload.path = path
    payload.detail = #""path":"/wrong""#
    payload.userAgent = #"x","path":"/wrong"#
    #expect(
      AccessPayload.path(in: payload.json).map { Array($0.utf8) } == path.map { Array($0.utf8) })
  }

  @Test(arguments: [
    "", "{", #"{"path":"#, #"{"path":""#, #"{"path":"/a"#, #"{"path":"\"#, #"{"path":"\x"}"#, "{}",
  ])
  func bytesThatAreNoneHaveNone(_ text: String) {
    #expect(AccessPayload.path(in: Array(text.utf8)) == nil)
  }
}
