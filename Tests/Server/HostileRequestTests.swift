import Cardea
import CardeaTestSupport
import Testing

@Suite("P4: requests that no client should send")
struct HostileRequestTests {
  /// Where they are sent, and whether a request that has a right token and nothing wrong is answered 200 there.
  struct Place: Sendable, CustomTestStringConvertible {
    let line: String
    let isGuarded: Bool

    var testDescription: String { line }
    var method: Substring { line.prefix { $0 != " " } }
    var path: Substring { line.drop { $0 != " " }.dropFirst() }
  }

  private static let places = [
    Place(line: "GET /auth", isGuarded: true), Place(line: "GET /v1/keys", isGuarded: true),
    Place(line: "GET /v1/self", isGuarded: true), Place(line: "POST /v1/verify", isGuarded: false),
    Place(line: "GET /v1/signals", isGuarded: false), Place(line: "GET /admin/", isGuarded: false),
    Place(line: "POST /admin/sign-in", isGuarded: false),
    Place(line: "GET /keys/", isGuarded: false),
    Place(line: "POST /keys/sign-in", isGuarded: false),
  ]

  @Test(arguments: places)
  func noneIsAllowedAndTheServerGoesOn(_ place: Place) async throws {
    try await ServerRig.run { rig in
      let token = rig.admin
      let (line, method, path) = (place.line, place.method, place.path)
      func head(_ lines: String...) -> String {
        (["\(line) HTTP/1.1", "Host: 127.0.0.1"] + lines + ["", ""]).joined(separator: "\r\n")
      }
      if place.isGuarded {
        let allowed = try await rig.client.raw(
          Array(head("X-API-Key: \(token)", "Connection: close").utf8))
        #expect(String(decoding: allowed.prefix(20), as: UTF8.self).contains(" 200 "))
      }
      let refused: [String] = [
        head("X-API-Key: \(token)", "X-API-Key: \(token)"),
        head("X-API-Key: \(token)", "x-api-key: other"),
        head("X-API-Key: \(token),\(token)"), head("X-API-Key: \(token), x"),
        head("X-API-Key: \(token) x"), head("X-API-Key: x \(token)"),
        head("X-API-Key: \(token)\u{0}"), head("X-API-Key: \(token)\u{7F}"),
        head("X-API-Key: \(token)é"), head("X-API-Key: \"\(token)\""),
        head("X-API-Key : \(token)"), head(" X-API-Key: \(token)"),
        head("X-API-Key:", " \(token)", " x"),
        head("Authorization: Api-Key"), head("Authorization: Api-Key \(token) x"),
        head("Authorization: Api-Key\(token)"), head("Authorization: \(token)"),
        head("Authorization: Api-Key \(token)", "Authorization: Api-Key \(token)"),
        head("Authorization: Digest \(token)"), head("Cookie: X-API-Key=\(token)"),
        head("X-API-Key: \(String(repeating: "a", count: 600))"),
        head("X-API-Key: \(String(repeating: "a", count: 40_000))"),
        (["\(line) HTTP/1.1", "Host: 127.0.0.1"] + (0..<200).map { "X-\($0): a" } + ["", ""])
          .joined(separator: "\r\n"),
        "\(line) HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\n",
        "\(method) \(path.dropFirst()) HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\n\r\n",
        "CONNECT test:443 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\n\r\n",
        "\(line)#x HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\n\r\n",
        "\(line)\u{0} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\n\r\n",
        "\(line) HTTP/9.9\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\n\r\n",
        "\(line) HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\(line) HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\nContent-Length: -1\r\n\r\n",
        "\(line) HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: \(token)\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "\r\n\r\n\r\n", "GET\r\n\r\n", "", "\u{0}\u{0}\u{0}",
      ]
      for request in refused {
        let bytes = try await rig.client.raw(Array(request.utf8))
        let answer = String(decoding: bytes.prefix(400), as: UTF8.self)
        #expect(!answer.contains(" 200 "), "\(request.prefix(160))")
        #expect(!answer.lowercased().contains("x-cardea-"), "\(request.prefix(160))")
        #expect(!answer.contains(" 500 "), "\(request.prefix(160))")
        #expect(try await rig.auth(token) == 200, "alive after \(request.prefix(80))")
      }
    }
  }

  /// RFC 9112, section 3.2.2: a server takes it, and it means the path in it.
  @Test func anAbsoluteTargetIsItsPath() async throws {
    try await ServerRig.run { rig in
      func status(_ target: String, _ token: String) async throws -> Int {
        try await rig.client.json("GET", target, token: token).status
      }
      let allowed = try await status("http://test/auth", rig.admin)
      #expect(allowed == 200)
      #expect(try await status("http://test/auth", "wrong") == 401)
      #expect(try await status("http://test/auth?scopes=x", rig.admin) == 400)
      #expect(try await status("http://test/nowhere", rig.admin) == 404)
    }
  }

  @Test func aBodyThatNeverComesChangesNothing() async throws {
    try await ServerRig.run { rig in
      let before = try await rig.keyCount()
      let lines = [
        "POST /v1/keys HTTP/1.1", "Host: test", "X-API-Key: \(rig.admin)",
        "Content-Type: application/json", "Content-Length: 100", "", #"{"name": "a"}"#,
      ]
      _ = try await rig.client.raw(Array(lines.joined(separator: "\r\n").utf8))
      let chunked = [
        "POST /v1/keys HTTP/1.1", "Host: test", "X-API-Key: \(rig.admin)",
        "Content-Type: application/json", "Transfer-Encoding: chunked", "",
        "5", #"{"nam"#, "zz", "",
      ]
      _ = try await rig.client.raw(Array(chunked.joined(separator: "\r\n").utf8))
      #expect(try await rig.keyCount() == before)
      #expect(try await rig.auth(rig.admin) == 200)
    }
  }

  @Test func aChunkedBodyIsBoundedToo() async throws {
    try await ServerRig.run { rig in
      let before = try await rig.keyCount()
      let chunk = "8000\r\n" + String(repeating: "a", count: 0x8000) + "\r\n"
      let head = [
        "POST /v1/keys HTTP/1.1", "Host: test", "X-API-Key: \(rig.admin)",
        "Content-Type: application/json", "Connection: close", "Transfer-Encoding: chunked", "", "",
      ]
      let text = head.joined(separator: "\r\n") + String(repeating: chunk, count: 4) + "0\r\n\r\n"
      let answer = try HTTPAnswer(try await rig.client.raw(Array(text.utf8)))
      #expect(answer.status == 413)
      #expect(answer.string("code") == "body_too_large")
      #expect(try await rig.keyCount() == before)
    }
  }

  @Test func aClientCanNotForgeWhatTheProxyIsTold() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key { $0.scopes = ["a"] }
      let answer = try await rig.client.request(
        "GET", "/auth",
        headers: [
          ("X-API-Key", key.token), ("X-Cardea-Owner", "root"), ("X-Cardea-Scopes", "b"),
          ("X-Cardea-Key-Id", "1"),
        ])
      #expect(answer.fields.filter { $0.name.hasPrefix("x-cardea-") }.count == 4)
      #expect(answer.field("x-cardea-owner") == "")
      #expect(answer.field("x-cardea-scopes") == "a")
      #expect(answer.field("x-cardea-key-id") == key.id)
    }
  }
}
