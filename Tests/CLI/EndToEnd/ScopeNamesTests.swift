import CardeaTestSupport
import Foundation
import Testing

/// A scope may be any printable ASCII without spaces, on every way in and out.
@Suite("names of scopes", .serialized)
struct ScopeNamesTests {
  /// Every printable character but the space, and the names that other separators would break.
  private static let every = String(decoding: (UInt8(0x21)...0x7E), as: UTF8.self)
  private static let names = [
    every, "write", "auth.add_user", #"say,"hi"\o/"#, "it's", ",", #"""#, #"\"#, "%2C", "a+b&c=d",
  ]

  @Test("a key with scopes of every printable character is made, listed, and admitted by each")
  func everyCharacter() async throws {
    let program = try CardeaProgram()
    let made = try program.run("init", "--token-file", "admin")
    try #require(made.status == 0, "\(made.err)")
    let admin = try String(contentsOf: program.folder.appending(path: "admin"), encoding: .utf8)
      .trimmingCharacters(in: .newlines)
    let escaped = Self.names.map { $0.replacing(",", with: #"\,"#) }
    let created = try program.run(
      ["keys", "create", "cli", "--json"] + escaped.flatMap { ["--scope", $0] })
    try #require(created.status == 0, "\(created.err)")
    let key = try #require(created.json?["key"] as? [String: Any])
    #expect(key["scopes"] as? [String] == Self.names.sorted())

    let server = try RunningServer(program, [])
    defer { _ = server.stop() }
    let client = HTTPClient(port: try #require(server.port))
    let body = try JSONSerialization.data(withJSONObject: ["name": "http", "scopes": Self.names])
    let answer = try await client.json(
      "POST", "/v1/keys", token: admin, String(decoding: body, as: UTF8.self))
    #expect(answer.status == 201, "\(answer.text)")
    let tokens = [
      try #require(created.json?["token"] as? String),
      try #require(answer.string("token")),
    ]
    for token in tokens {
      for name in Self.names {
        let item = Self.encoded(name)
        let admitted = try await client.request(
          "GET", "/auth?scope=\(item)&scope=write", headers: [("X-API-Key", token)])
        #expect(admitted.status == 200, "\(name)")
        #expect(
          admitted.field("x-cardea-scopes")?.split(separator: " ").map(String.init)
            == Self.names.sorted())
        let envoy = try await client.request(
          "GET", "/auth/envoy/s/\(item)/-/", headers: [("X-API-Key", token)])
        #expect(envoy.status == 200, "\(name)")
      }
      let refused = try await client.request(
        "GET", "/auth?scope=\(Self.encoded(#"say,"#))", headers: [("X-API-Key", token)])
      #expect(refused.status == 403)
    }
    for name in Self.names {
      let listed = try await client.json(
        "GET", "/v1/keys?scope=\(Self.encoded(name))", token: admin)
      #expect((listed.json["keys"] as? [Any])?.count == 2, "\(name): \(listed.text)")
    }
    let session = try await client.json("POST", "/v1/sessions", token: tokens[0], "{}")
    #expect(session.status == 201, "\(session.text)")
    let sessionToken = try #require(session.string("token"))
    let inSession = try await client.request(
      "GET", "/auth?scope=\(Self.encoded(Self.every))",
      headers: [("Authorization", "Bearer \(sessionToken)")])
    #expect(inSession.status == 200)
  }

  private static func encoded(_ name: String) -> String {
    name.utf8.map { "%" + String(format: "%02X", $0) }.joined()
  }
}
