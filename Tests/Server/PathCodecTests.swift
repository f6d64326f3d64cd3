import HTTPTypes
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Testing

@testable import CardeaServer

@Suite("parts of HTTP/1.1")
struct PathCodecTests {
  @Test(arguments: [
    "/", "/auth", "/auth?scope=a%20b", "//auth", "/a b", "/%zz", "/é", "/a#b", "/http://x/y",
    "/auth:8420/x", "*", "", "auth", "http://test", "http://test/auth?a=b", "HTTP://test/auth",
    "test:80", "?a=b", "mailto:a@b",
  ])
  func areReadAsNIOReadsThem(_ uri: String) throws {
    for method in [HTTPMethod.GET, .HEAD, .RAW(value: "BREW")] {
      let head = HTTPRequestHead(
        version: .http1_1, method: method, uri: uri,
        headers: ["X-A": "1", "HOST": "a", "Cookie": "a=b; c=d", "x-a": "2"])
      let theirs = try HTTPRequest(head, secure: false, splitCookie: false)
      #expect(try PathCodec.request(head) == theirs)
    }
    let bare = HTTPRequestHead(
      version: .http1_0, method: .GET, uri: uri, headers: ["Connection": "keep-alive"])
    #expect(
      try PathCodec.request(bare) == HTTPRequest(bare, secure: false, splitCookie: false))
  }

  @Test(
    arguments: [
      (HTTPVersion.http1_1, "close", "close"), (.http1_1, "Close", "close"),
      (.http1_1, "x, CLOSE", "close"), (.http1_1, "x", "x"), (.http1_1, nil, nil),
      (.http1_0, nil, "close"), (.http1_0, "x", "close"), (.http1_0, "Keep-Alive", "Keep-Alive"),
    ] as [(HTTPVersion, String?, String?)])
  func theLastOfAConnectionSaysSoInOneSpelling(
    _ version: HTTPVersion, _ field: String?, _ read: String?
  ) throws {
    var head = HTTPRequestHead(version: version, method: .GET, uri: "/", headers: ["Host": "a"])
    if let field { head.headers.add(name: "Connection", value: field) }
    #expect(try PathCodec.request(head).headerFields[.connection] == read)
  }

  @Test func aMethodThatIsNoneIsRefused() {
    let head = HTTPRequestHead(
      version: .http1_1, method: .RAW(value: "A B"), uri: "/auth", headers: ["Host": "a"])
    #expect(throws: HTTP1TypeConversionError.self) { try PathCodec.request(head) }
  }
}
