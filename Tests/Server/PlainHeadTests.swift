import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import NIOCore
import Testing

@testable import CardeaServer

/// What is read without the parser is what the parser would have read.
@Suite("plain heads")
struct PlainHeadTests {
  private static func head(_ text: String) -> PlainHead? { PlainHead(ByteBuffer(string: text)) }

  private static func request(_ line: String = "GET /auth HTTP/1.1", _ fields: String...) -> String
  {
    ([line, "Host: test"] + fields + ["", ""]).joined(separator: "\r\n")
  }

  @Test func areTakenWithWhatTheySay() throws {
    let text = Self.request(
      "POST /auth?scope=a%20b HTTP/1.1", "X-API-Key: a b", "cookie:x=y", "X-Empty:",
      "CONTENT-LENGTH: 0", "Connection: Keep-Alive", "X-Two: 1", "x-two: 2",
      "X-Forwarded-For: 192.0.2.1", "x-forwarded-for: 192.0.2.2")
    let head = try #require(Self.head(text + text))
    #expect(head.method == .post)
    #expect(head.target == "/auth?scope=a%20b")
    #expect(head.length == text.utf8.count)
    #expect(head.value(of: "x-api-key") == .one("a b"))
    #expect(head.value(of: "cookie") == .one("x=y"))
    #expect(head.value(of: "x-empty") == .one(""))
    #expect(head.value(of: "x-two") == .repeated)
    #expect(head.value(of: "x-three") == .absent)
    #expect(head.values(of: "x-forwarded-for") == ["192.0.2.1", "192.0.2.2"])
    #expect(head.areForwarded)
  }

  @Test(arguments: ["Forwarded: for=a", "X-Real-IP: a", "X-Forwarded-Anything: a"])
  func tellThatAProxySentThem(_ field: String) throws {
    #expect(try #require(Self.head(Self.request("GET / HTTP/1.1", field))).areForwarded)
    #expect(!(try #require(Self.head(Self.request("GET / HTTP/1.1", "X-\(field)"))).areForwarded))
  }

  /// None of these: the parser decides what to make of it.
  private static let others = [
    "", "G", "GET /auth HTTP/1.1\r\n", "GET /auth HTTP/1.1\r\nHost: test\r\n",
    "GET /auth HTTP/1.1\r\nHost: test\r\n\r", "GET /auth HTTP/1.1\r\n\r\n",
    "GET /auth HTTP/1.1\r\nHost:\r\n\r\n", "\r\n" + request(), " " + request(),
    request("GET  /auth HTTP/1.1"), request("get /auth HTTP/1.1"), request("BREW /auth HTTP/1.1"),
    request("CONNECT test:80 HTTP/1.1"), request("GET /auth HTTP/1.0"),
    request("GET /auth HTTP/2.0"), request("GET /auth HTTP/1.1 "), request("GET /auth  HTTP/1.1"),
    request("GET /auth"), request("GET http://test/auth HTTP/1.1"), request("OPTIONS * HTTP/1.1"),
    request("GET /a#b HTTP/1.1"), request("GET /a\"b HTTP/1.1"), request("GET /a\u{E9} HTTP/1.1"),
    request("GET /a\tb HTTP/1.1"), request("GET /auth HTTP/1.1", "Host: other"),
    request("GET /auth HTTP/1.1", "X-A : b"), request("GET /auth HTTP/1.1", "X A: b"),
    request("GET /auth HTTP/1.1", ": b"), request("GET /auth HTTP/1.1", "X-A"),
    request("GET /auth HTTP/1.1", "X-A: b", " c"), request("GET /auth HTTP/1.1", "X-A: b "),
    request("GET /auth HTTP/1.1", "X-A: b\tc"), request("GET /auth HTTP/1.1", "X-A: \u{E9}"),
    request("GET /auth HTTP/1.1", "X-A: b\nX-B: c"), request("GET /auth HTTP/1.1", "X-A: b\rc"),
    request("GET /auth HTTP/1.1", "X-A: b\u{0}c"), request("GET /auth HTTP/1.1", "X-A: b\u{7F}"),
    request("GET /auth HTTP/1.1", "Content-Length: 1"),
    request("GET /auth HTTP/1.1", "Content-Length: 00"),
    request("GET /auth HTTP/1.1", "Content-Length: 0", "Content-Length: 0"),
    request("GET /auth HTTP/1.1", "Transfer-Encoding: chunked"),
    request("GET /auth HTTP/1.1", "transfer-encoding: identity"),
    request("GET /auth HTTP/1.1", "Connection: close"),
    request("GET /auth HTTP/1.1", "Connection: keep-alive, close"),
    request("GET /auth HTTP/1.1", "Upgrade: h2c"),
    request("GET /auth HTTP/1.1", "Expect: 100-continue"),
    request("GET /auth HTTP/1.1", "traceparent: 00"),
    request("GET /auth HTTP/1.1", "X-A: " + String(repeating: "x", count: 8_192)),
    request("GET /auth HTTP/1.1", (0..<64).map { "X-\($0): y" }.joined(separator: "\r\n")),
    request().replacing("\r\n", with: "\n"),
  ]

  @Test(arguments: others) func areNothingOutOfTheOrdinary(_ text: String) {
    #expect(Self.head(text) == nil)
  }
}
