import CardeaTestFixtures
import CardeaTestSupport
import Foundation
import Testing

/// A real server on a store into which an oracle's database was imported.
struct ImportedServer {
  let program: CardeaProgram
  let server: RunningServer
  private let client: HTTPClient
  private let admin: String

  /// - Parameters:
  ///   - arguments: those of `cardea import`, the database's name among them.
  ///   - status: how it ends.
  init(_ arguments: [String], accepts: String = "", status: Int32 = 0) throws {
    program = try CardeaProgram()
    let imported = try program.run(["import"] + arguments)
    try #require(imported.status == status, "\(imported.err)")
    admin = try #require(try program.run("init", "--new-admin").lines.first)
    server = try RunningServer(
      program, [],
      environment: [
        // Where a client of the originals may put its key.
        "CARDEA_EXTRACT_QUERY": "keysmith_token,api-key", "CARDEA_EXTRACT_FORM": "api-key",
        "CARDEA_EXTRACT_CONFLICT": "first", "CARDEA_SERVER_TRUSTED_PROXIES": "127.0.0.1/32",
        "CARDEA_TOKEN_ACCEPT": accepts,
      ].filter { !$0.value.isEmpty })
    let port = try #require(server.address.split(separator: ":").last.flatMap { Int($0) })
    client = HTTPClient(port: port)
  }

  /// Asks as a proxy does for a client that sent these fields to this target.
  func ask(_ headers: [(String, String)], target: String = "/") async throws -> HTTPAnswer {
    try await client.request(
      "GET", "/auth",
      headers: headers + [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Uri", target)])
  }

  /// The key that a token is let in with; `nil` if it is refused.
  func prefix(_ headers: [(String, String)], target: String = "/") async throws -> String? {
    let answer = try await ask(headers, target: target)
    #expect(answer.status == 200 || answer.status == 401)
    return answer.status == 200 ? answer.field("x-cardea-key-prefix") : nil
  }

  /// Whether `/v1/verify` takes a token: for those that no header can carry.
  func verifies(_ token: String) async throws -> Bool {
    let body = try JSONSerialization.data(withJSONObject: ["token": token])
    let answer = try await client.json(
      "POST", "/v1/verify", token: admin, String(decoding: body, as: UTF8.self))
    // A body that can't be a token at all is refused as such.
    guard answer.status == 200 else {
      #expect(answer.status == 400)
      return false
    }
    return answer.json["valid"] as? Bool == true
  }

  /// Refused by every way in that can carry it.
  func refuses(_ token: String, header: String) async throws -> Bool {
    if try await verifies(token) { return false }
    let isVisible = token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    guard isVisible, !token.isEmpty else { return true }
    return try await prefix([(header, token)]) == nil
  }
}
