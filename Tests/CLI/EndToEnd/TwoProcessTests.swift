import Foundation
import Testing

/// Two processes on one SQLite file: a server, and the command line beside it.
@Suite struct TwoProcessTests {
  /// V3: what starts later than the receipt's bound after `cardea keys revoke` ended is denied.
  @Test func aRunningServerObeysARevocationFromTheCommandLine() async throws {
    let program = try CardeaProgram()
    #expect(try program.run("init", "--store", "sqlite:keys.sqlite3").status == 0)
    let server = try RunningServer(program, ["--store", "sqlite:keys.sqlite3"])
    for round in 0..<5 {
      let made = try program.run(
        "keys", "create", "round \(round)", "--store", "sqlite:keys.sqlite3", "--json")
      let token = try #require(made.json?["token"] as? String)
      let key = try #require(made.json?["key"] as? [String: Any])
      let prefix = try #require(key["prefix"] as? String)
      try await server.waits(for: 200, with: token)
      let revoked = try program.run(
        "keys", "revoke", prefix, "--yes", "--store", "sqlite:keys.sqlite3", "--json")
      #expect(revoked.status == 0)
      let acknowledged = ContinuousClock.now
      let receipt = try #require(revoked.json?["receipt"] as? [String: Any])
      let bound = try #require(receipt["bound_ms"] as? Int)
      #expect(bound == 1_000)
      // Asking on and on until the bound has passed; from then on nothing may be allowed. (A machine that
      // starves the poller makes the server answer 503, which denies too.)
      var allowedAfterBound = 0
      var asked = 0
      while ContinuousClock.now < acknowledged + .milliseconds(bound + 200) {
        let started = ContinuousClock.now
        let status = try await server.authenticate(token)
        asked += 1
        if status == 200, started >= acknowledged + .milliseconds(bound) { allowedAfterBound += 1 }
      }
      #expect(asked > 0)
      #expect(allowedAfterBound == 0)
      try await server.waits(for: 401, with: token)
    }
    #expect(server.stop() == 0)
  }

  /// A suspension is taken back, and a rotation obeyed, just as well.
  @Test func aRunningServerFollowsTheOtherChanges() async throws {
    let program = try CardeaProgram()
    #expect(try program.run("init", "--store", "sqlite:keys.sqlite3").status == 0)
    let server = try RunningServer(program, ["--store", "sqlite:keys.sqlite3"])
    let made = try program.run(
      "keys", "create", "k", "--store", "sqlite:keys.sqlite3", "--json")
    let old = try #require(made.json?["token"] as? String)
    let key = try #require(made.json?["key"] as? [String: Any])
    let id = try #require(key["id"] as? String)
    #expect(try await server.authenticate(old) == 200)
    _ = try program.run("keys", "suspend", id, "--store", "sqlite:keys.sqlite3")
    try await server.waits(for: 401, with: old)
    _ = try program.run("keys", "reactivate", id, "--store", "sqlite:keys.sqlite3")
    try await server.waits(for: 200, with: old)
    let rotated = try program.run(
      "keys", "rotate", id, "--yes", "--store", "sqlite:keys.sqlite3", "--json")
    let new = try #require(rotated.json?["token"] as? String)
    try await server.waits(for: 401, with: old)
    try await server.waits(for: 200, with: new)
    #expect(server.stop() == 0)
  }
}

extension RunningServer {
  /// Asks until the server answers `status`: within a lease where the machine keeps up, and never given up
  /// early where it does not.
  func waits(for status: Int, with token: String) async throws {
    let end = ContinuousClock.now + .seconds(60)
    var last = 0
    repeat {
      last = try await authenticate(token)
      if last == status { return }
    } while ContinuousClock.now < end
    #expect(last == status)
  }

  /// Returns once its log says that, before it listened or after.
  func logs(_ text: String) async throws {
    for _ in 0..<3_000 {
      if err.contains(text) || hasLogged(text) { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("its log does not say: \(text)")
  }
}
