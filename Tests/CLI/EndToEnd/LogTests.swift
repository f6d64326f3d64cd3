import CardeaTestSupport
import Foundation
import Testing

/// What the whole program writes to its log.
@Suite struct LogTests {
  /// Starts a server under these settings, lets `talk` talk to it, stops it, and gives the lines that it wrote.
  private func run(
    _ settings: [String: String], _ arguments: [String] = [],
    _ talk: (HTTPClient, String) async throws -> Void
  ) async throws -> [String] {
    let program = try CardeaProgram()
    let store = ["--store", "sqlite:keys.sqlite3"]
    let admin = try #require(try program.run(["init"] + store).lines.last)
    let server = try RunningServer(program, store + arguments, environment: settings)
    try await talk(HTTPClient(port: try #require(server.port)), admin)
    #expect(server.stop() == 0)
    return server.log().split(separator: "\n").map(String.init)
  }

  @Test func everyRequestIsALineOfJSONUnderItsId() async throws {
    let lines = try await run(["CARDEA_LOG_FORMAT": "json", "CARDEA_LOG_LEVEL": "info"]) {
      client, admin in
      let given = [("X-Request-Id", "mine-1")]
      #expect(try await client.json("GET", "/auth", token: admin, headers: given).status == 200)
      let id = "01890000-0000-7000-8000-000000000000"
      let missing = try await client.json("GET", "/v1/keys/\(id)?a=b", token: admin)
      #expect(missing.status == 404 || missing.status == 400)
      #expect(try await client.request("GET", "/auth").status == 401)
      #expect(try await client.request("POST", "/nowhere").status == 404)
      let made = try await client.request("GET", "/healthz")
      #expect(made.field("x-request-id") != nil)
    }
    let records = try lines.map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    for record in records {
      #expect(record["time"] is String && record["level"] is String && record["message"] is String)
    }
    let requests = records.filter { $0["message"] as? String == "request" }
    #expect(
      requests.map { $0["route"] as? String } == [
        "/auth", "/v1/keys/{id}", "/auth", "-", "/healthz",
      ])
    #expect(requests.map { $0["method"] as? String } == ["GET", "GET", "GET", "POST", "GET"])
    #expect(requests.compactMap { $0["status"] as? Int }.count == 5)
    #expect(requests.first?["status"] as? Int == 200)
    #expect(requests.first?["request_id"] as? String == "mine-1")
    #expect(requests.allSatisfy { $0["duration_ms"] is Double && $0["request_id"] is String })
    #expect(!lines.contains { $0.contains("hb.request.id") })
  }

  /// Also what is said once, at the start.
  @Test func everyLineOfJSONIsOne() throws {
    let program = try CardeaProgram()
    let store = ["--store", "sqlite:keys.sqlite3"]
    let server = try RunningServer(
      program, store + ["--init"], environment: ["CARDEA_LOG_FORMAT": "json"])
    #expect(server.stop() == 0)
    #expect(server.out.split(separator: "\n").count == 1, "the token")
    let lines = (server.err + server.log()).split(separator: "\n")
    #expect(lines.count > 3)
    for line in lines {
      let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let level = record?["level"] as? String ?? ""
      #expect(["notice", "warning"].contains(level) && record?["message"] is String, "\(line)")
    }
    #expect(server.address.hasPrefix("http://127.0.0.1:"))
  }

  @Test func unlessAskedForNoRequestIsALine() async throws {
    let lines = try await run([:]) { client, admin in
      for _ in 0..<5 { _ = try await client.json("GET", "/auth", token: admin) }
    }
    #expect(lines == [])
  }

  /// That clients have no address is said once, as a warning where somebody has a proxy to name.
  @Test func whoseClientsAreUnknownIsTold() async throws {
    let lines = try await run(["CARDEA_LOG_LEVEL": "info"]) { client, admin in
      for headers in [[], [("X-Forwarded-For", "192.0.2.1")]] {
        for _ in 0..<5 {
          _ = try await client.json("GET", "/auth", token: admin, headers: headers)
        }
      }
    }
    let told = lines.filter { $0.contains("requests have no client address") }
    #expect(told.count == 2)
    #expect(told.first?.contains(" info: ") == true)
    #expect(told.last?.contains(" warning: ") == true)
    #expect(told.last?.contains("server.trusted_proxies") == true)
  }

  /// H5, H6: wherever a client puts its token, no byte that the program writes holds it, at any level.
  @Test(arguments: ["text", "json"]) func noTokenIsInAnyLine(_ format: String) async throws {
    let secrets = Secrets()
    let lines = try await run(["CARDEA_LOG_FORMAT": format, "CARDEA_LOG_LEVEL": "trace"]) {
      client, admin in
      secrets.note(admin)
      let made = try await client.json(
        "POST", "/v1/keys", token: admin, #"{"name":"canary","owner":"canaryowner"}"#)
      let token = try #require(made.string("token"))
      secrets.note(token)
      let secret = String(token.drop { $0 != ":" }.dropFirst())
      for place in [token, secret] {
        for target in [
          "/auth?key=\(place)", "/\(place)", "/v1/keys/\(place)",
          "/auth/envoy/-/\(place)?q=\(place)",
          "/v1/signals?owner=\(place)", "/v1/audit?path=/\(place)", "/auth?scope=\(place)",
        ] {
          _ = try await client.request(
            "GET", target,
            headers: [
              ("X-API-Key", token), ("User-Agent", place), ("Cookie", place), ("Referer", place),
              ("X-Forwarded-For", place), ("X-Forwarded-Uri", "/\(place)"), ("X-Other", place),
            ])
        }
        _ = try await client.request(secret, "/auth", headers: [("X-API-Key", place)])
        _ = try await client.request(
          "GET", "/auth", headers: [("Authorization", "Bearer \(place)"), ("Last-Event-ID", place)])
        _ = try await client.json("POST", "/v1/verify", token: admin, #"{"token":"\#(place)"}"#)
        _ = try await client.json("POST", "/v1/keys", token: admin, #"{"\#(place)":1}"#)
        _ = try? await client.raw(Array("\(place) \(place)\r\n\r\n".utf8))
        _ = try? await client.raw(Array("GET / HTTP/1.1\r\n\(place)\r\n\r\n".utf8))
      }
    }
    #expect(lines.count > 20)
    let text = lines.joined(separator: "\n")
    for secret in secrets.all { #expect(!text.contains(secret)) }
    #expect(!text.contains("canary"))
  }

  @Test func whatCanNotBeALogIsAFault() throws {
    let program = try CardeaProgram()
    for (name, value) in [("CARDEA_LOG_LEVEL", "loud"), ("CARDEA_LOG_FORMAT", "xml")] {
      let result = try program.run(["check"], environment: [name: value])
      #expect(result.status == 2)
      #expect((result.out + result.err).contains(name))
    }
  }

  /// The secret parts of the tokens of a run.
  // @unchecked: one test writes, and then reads.
  private final class Secrets: @unchecked Sendable {
    private(set) var all: [String] = []
    func note(_ token: String) { all.append(String(token.drop { $0 != ":" }.dropFirst())) }
  }
}
