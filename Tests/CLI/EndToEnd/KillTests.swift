import Foundation
import Synchronization
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// D1: a server that is killed in the middle of its work has kept whatever it acknowledged.
@Suite struct KillTests {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }

  /// `CARDEA_KILLS` says how often, `CARDEA_TEST_SEED` repeats a run.
  @Test func whatWasAcknowledgedSurvivesTheKill() async throws {
    let program = try CardeaProgram()
    let store = "sqlite:keys.sqlite3"
    let initialised = try program.run("init", "--store", store)
    let admin = try #require(initialised.lines.first)
    let seed = KillTests.number("CARDEA_TEST_SEED") ?? .random(in: 1...UInt64.max)
    let kills = KillTests.number("CARDEA_KILLS") ?? 50
    var state = seed
    func random(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    let record = Acknowledged()
    for _ in 0..<kills {
      // A cheap hash, so that the writers spend their time on writing.
      let server = try RunningServer(
        program, ["--store", store],
        environment: [
          "CARDEA_HASH_PREFERRED": "argon2id", "CARDEA_HASH_ARGON2_MIB": "7",
          "CARDEA_HASH_ARGON2_OPS": "1",
        ])
      let wanted = record.count + 1 + Int(random(12))
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            while let id = await server.create(admin) {
              record.created(id)
              if await server.revoke(id, admin) { record.revoked(id) }
            }
          }
        }
        // Killed at a moment that depends on the seed and on how far the writers are.
        group.addTask {
          while record.count < wanted { await Task.yield() }
          server.kill()
        }
      }
    }
    let listed = try program.states(store)
    #expect(record.createdIDs.allSatisfy { listed[$0] != nil }, "seed \(seed)")
    #expect(record.revokedIDs.allSatisfy { listed[$0] == "revoked" }, "seed \(seed)")
    #expect(record.revokedIDs.count > kills, "nothing was revoked: the test shows nothing")
    #expect(try program.run("check", "--store", store).status == 0)
  }

  /// Usage that was only gathered is written when the server is asked to end.
  @Test func aCleanEndWritesWhatWasGathered() async throws {
    let program = try CardeaProgram()
    let initialised = try program.run("init", "--store", "sqlite:keys.sqlite3")
    let token = try #require(initialised.lines.first)
    let server = try RunningServer(program, ["--store", "sqlite:keys.sqlite3"])
    #expect(try await server.authenticate(token) == 200)
    #expect(server.stop() == 0)
    let prefix = try #require(token.split(separator: ":").first.map(String.init))
    let shown = try program.run(
      "keys", "show", prefix, "--store", "sqlite:keys.sqlite3", "--json")
    let key = shown.json?["key"] as? [String: Any] ?? shown.json
    #expect(key?["last_used_at"] is String)
  }
}

/// What the server said was done.
private final class Acknowledged: Sendable {
  private let ids = Mutex<(created: Set<String>, revoked: Set<String>)>(([], []))
  var count: Int { ids.withLock { $0.created.count } }
  var createdIDs: Set<String> { ids.withLock { $0.created } }
  var revokedIDs: Set<String> { ids.withLock { $0.revoked } }
  func created(_ id: String) { ids.withLock { _ = $0.created.insert(id) } }
  func revoked(_ id: String) { ids.withLock { _ = $0.revoked.insert(id) } }
}

extension RunningServer {
  /// The id of a key that the server says it made; `nil` once it does not answer.
  func create(_ admin: String) async -> String? {
    guard let answer = await post("/v1/keys", admin, body: #"{"name":"k"}"#),
      let key = answer["key"] as? [String: Any]
    else { return nil }
    return key["id"] as? String
  }

  /// Whether the server says that it revoked the key.
  func revoke(_ id: String, _ admin: String) async -> Bool {
    let answer = await post("/v1/keys/\(id)/revoke", admin, body: nil)
    return answer?["receipt"] != nil
  }

  private func post(_ path: String, _ admin: String, body: String?) async -> [String: Any]? {
    guard let url = URL(string: address + path) else { return nil }
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.setValue(admin, forHTTPHeaderField: "X-API-Key")
    if let body {
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
      request.httpBody = Data(body.utf8)
    }
    guard let (data, response) = try? await URLSession.shared.data(for: request),
      let status = (response as? HTTPURLResponse)?.statusCode, status / 100 == 2
    else { return nil }
    return try? JSONSerialization.jsonObject(with: data) as? [String: Any]
  }
}

extension CardeaProgram {
  /// The state of every key in a store, by id.
  func states(_ store: String) throws -> [String: String] {
    var states: [String: String] = [:]
    var cursor: String?
    repeat {
      var arguments = ["keys", "list", "--store", store, "--json", "--limit", "1000"]
      if let cursor { arguments += ["--cursor", cursor] }
      let page = try #require(try run(arguments).json)
      for key in page["keys"] as? [[String: Any]] ?? [] {
        if let id = key["id"] as? String { states[id] = key["state"] as? String }
      }
      cursor = page["next_cursor"] as? String
    } while cursor != nil
    return states
  }
}
