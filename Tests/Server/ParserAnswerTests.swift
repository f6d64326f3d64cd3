import Cardea
import CardeaTestSupport
import Testing

@Suite("what HTTP itself refuses")
struct ParserAnswerTests {
  @Test func isAProblemLikeEveryOtherRefusal() async throws {
    try await ServerRig.run { rig in
      func request(_ line: String, _ fields: String...) -> [UInt8] {
        Array(([line, "Host: test"] + fields + ["", ""]).joined(separator: "\r\n").utf8)
      }
      let requests = [
        request("NONSENSE /auth HTTP/1.1"), request("GET /auth HTTP/9.9"),
        request("GET /auth HTTP/1.1", "X-API-Key: a\u{0}b"),
        request("GET /auth HTTP/1.1", "X-API-Key : a"),
        request("GET /auth HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked"),
        request("GET /auth HTTP/1.1", "Content-Length: 1", "Content-Length: 2"),
        request("GET /auth HTTP/1.1", "Host: other"), Array("GET /auth HTTP/1.1\r\n\r\n".utf8),
        Array("GET http://test/auth HTTP/1.1\r\n\r\n".utf8),
      ]
      for request in requests {
        let answer = try HTTPAnswer(try await rig.client.raw(request))
        let shown = String(decoding: request.prefix(60), as: UTF8.self)
        #expect(answer.status == 400, "\(shown)")
        #expect(answer.field("content-type") == "application/problem+json", "\(shown)")
        #expect(answer.field("cache-control") == "no-store", "\(shown)")
        #expect(answer.field("connection") == "close", "\(shown)")
        #expect(answer.string("code") == "malformed_request", "\(shown)")
        let id = answer.field("x-request-id")
        #expect(id?.utf8.count == 16, "\(shown)")
        #expect(answer.string("request_id") == id, "\(shown)")
      }
    }
  }

  @Test func saysThatAHeadIsTooLarge() async throws {
    try await ServerRig.run { rig in
      let long = "X-Long: \(String(repeating: "a", count: 40_000))"
      let many = (0..<3_000).map { "X-\($0): \($0)" }
      for fields in [[long], many] {
        let head = ["GET /auth HTTP/1.1", "Host: test"] + fields + ["", ""]
        let bytes = try await rig.client.raw(Array(head.joined(separator: "\r\n").utf8))
        let answer = try HTTPAnswer(bytes)
        #expect(answer.status == 431)
        #expect(answer.string("code") == "head_too_large")
        #expect(answer.field("connection") == "close")
      }
    }
  }

  /// HTTP/1.0 demands no `Host`.
  @Test func takesAnOldRequestWithoutAHost() async throws {
    try await ServerRig.run { rig in
      let answer = try await rig.client.raw(Array("GET /healthz HTTP/1.0\r\n\r\n".utf8))
      #expect(try HTTPAnswer(answer).status == 200)
    }
  }

  /// The answers to the requests before it on the same connection are as they are.
  @Test func doesNotTouchTheAnswersBefore() async throws {
    try await ServerRig.run { rig in
      let requests = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\nNONSENSE / HTTP/1.1\r\n\r\n"
      let answers = try await rig.client.raw(Array(requests.utf8))
      let text = String(decoding: answers, as: UTF8.self)
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(text)")
      #expect(text.contains("HTTP/1.1 400 Bad Request\r\n"), "\(text)")
      #expect(text.contains(#""code":"malformed_request""#), "\(text)")
    }
  }
}
