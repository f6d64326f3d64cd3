import CardeaTestSupport
import Foundation
import Testing

@Suite("cardea doctor")
struct DoctorTests {
  private func program() throws -> CardeaProgram {
    let program = try CardeaProgram()
    let made = try program.run("init", "--token-file", "admin.token")
    try #require(made.status == 0, "\(made.err)")
    return program
  }

  /// The codes of what is found, by level.
  private func codes(_ result: CardeaProgram.Result, _ level: String) throws -> [String] {
    let findings = try #require(result.json?["findings"] as? [[String: Any]])
    return findings.filter { $0["level"] as? String == level }.compactMap { $0["code"] as? String }
  }

  @Test("a fresh installation is well, also while a server uses it")
  func well() throws {
    let program = try program()
    let server = try RunningServer(program, [])
    let result = try program.run("doctor", "--json")
    #expect(result.status == 0, "\(result.err)")
    #expect(try codes(result, "fault") == [])
    #expect(try codes(result, "warning") == [])
    #expect(server.stop() == 0)
    let text = try program.run("doctor")
    #expect(text.lines.last == "0 broken, 0 to look at")
  }

  @Test("what is broken or about to be is named, and the exit code tells")
  func ill() throws {
    let program = try program()
    #expect(try program.run("keys", "create", "soon", "--expires-in", "3d").status == 0)
    chmod(program.path("cardea.sqlite3"), 0o644)
    try program.write("", to: "cardea.sqlite3.restoring.partial")
    let careless = try program.run("doctor", "--json")
    #expect(careless.status == 0)
    #expect(Set(try codes(careless, "warning")) == ["file_open_to_others", "left_behind"])
    #expect(try codes(careless, "note").contains("keys_expiring"))
    #expect(try program.run("doctor").out.contains("note: 1 key expires within 7 days"))

    // An entry that is not what it was, and a row that refers to nothing.
    try Tool.run(
      "sqlite3", [program.path("cardea.sqlite3")],
      input: """
        PRAGMA foreign_keys = OFF;
        UPDATE signal_log SET signal = 'key_updated' WHERE position = 1;
        UPDATE keys SET owner_id = x'00112233445566778899AABBCCDDEEFF';
        """)
    let broken = try program.run("doctor", "--json")
    #expect(broken.status == 1)
    #expect(Set(try codes(broken, "fault")) == ["database_damaged", "log_broken"])
    #expect(try program.run("doctor", "--store", "sqlite:missing.sqlite3").status == 3)
    try program.write("", to: "empty.sqlite3")
    #expect(try program.run("doctor", "--store", "sqlite:empty.sqlite3").status == 3)
    #expect(try program.bytes("empty.sqlite3").isEmpty)
  }

  @Test(
    "files and a folder that others can write are named, by check too",
    arguments: ["check", "doctor"])
  func writableByOthers(_ command: String) throws {
    let program = try program()
    func found() throws -> Set<String> {
      let result = try program.run(command, "--json")
      #expect(result.status == 0, "\(result.err)")
      return Set(try codes(result, "warning")).subtracting(["file_open_to_others"])
    }
    #expect(try found() == [])
    for mode in [0o660, 0o602] as [mode_t] {
      chmod(program.path("cardea.sqlite3"), mode)
      #expect(try found() == ["file_writable_by_others"])
    }
    chmod(program.path("cardea.sqlite3"), 0o600)
    chmod(program.folder.path, 0o777)
    #expect(try found() == ["folder_writable_by_others"])
    let text = try program.run(command)
    #expect(text.out.contains("where the store lies, can be written by anybody"), "\(text.out)")
    // As `/tmp` is: each may only replace what is his own.
    chmod(program.folder.path, 0o1777)
    #expect(try found() == [])
  }

  @Test(
    "a signing key that has signed nothing yet is no broken log; one that is said to have signed is"
  )
  func newKey() throws {
    let program = try program()
    let server = try RunningServer(program, [])
    #expect(server.stop() == 0)
    let made = try program.run("audit", "init-key", "audit.key")
    let key = try #require(made.lines.first)
    let environment = ["CARDEA_AUDIT_SIGNING_KEY_FILE": program.path("audit.key")]
    let before = try program.run("doctor", "--json", environment: environment)
    #expect(before.status == 0, "\(before.out)")
    #expect(try codes(before, "fault") == [])
    #expect(try codes(before, "warning") == ["log_not_signed_yet"])
    let judged = try program.run("doctor", "--json", "--public-key", key)
    #expect(judged.status == 1)
    #expect(try codes(judged, "fault") == ["log_broken"])

    // The log's other faults are found all the same.
    let entry = "UPDATE signal_log SET signal = 'key_updated' WHERE position = 1;"
    try Tool.run("sqlite3", [program.path("cardea.sqlite3")], input: entry)
    let broken = try program.run("doctor", "--json", environment: environment)
    #expect(try codes(broken, "fault") == ["log_broken"])
    try Tool.run(
      "sqlite3", [program.path("cardea.sqlite3")],
      input: entry.replacingOccurrences(of: "key_updated", with: "key_created"))

    #expect(try program.run("keys", "create", "more").status == 0)
    let signing = try RunningServer(program, [], environment: environment)
    #expect(signing.stop() == 0)
    let after = try program.run("doctor", "--json", environment: environment)
    #expect(after.status == 0, "\(after.out)")
    #expect(try codes(after, "warning") == [])
    #expect(try !codes(after, "note").contains("log_unsigned"))
  }

  @Test("a spool that no server empties is named, until one has moved what stands in it")
  func standingSpool() throws {
    let program = try program()
    #expect(try RunningServer(program, []).stop() == 0)
    let slot = "cardea.sqlite3-spool/0"
    /// A line as a server that was killed leaves it.
    func leave(_ sequence: Int, in segment: Int, ageInSeconds age: Double) throws {
      let time = Int64((Date.now.timeIntervalSince1970 - age) * 1_000)
      let digits = "\(segment)"
      try program.write(
        "\(sequence) \(time) e 1 401 missing - - {}\n",
        to: "\(slot)/\(String(repeating: "0", count: 20 - digits.count))\(digits).log")
    }
    // A server that was there a moment ago may still be there.
    try leave(1, in: 1, ageInSeconds: 0)
    #expect(try program.run("doctor").lines.last == "0 broken, 0 to look at")
    try leave(1, in: 1, ageInSeconds: 3_600)
    let standing = try program.run("doctor", "--json")
    #expect(standing.status == 0)
    #expect(try codes(standing, "warning") == ["spool_not_moved"])
    let line = try #require(try program.run("doctor").lines.first { $0.contains(slot) })
    #expect(line.hasPrefix("warning: 1 authentication stands in"))
    #expect(line.contains("Start the server"))
    let asynchronous = try program.run(
      ["doctor"], environment: ["CARDEA_AUDIT_TIER": "async"])
    #expect(asynchronous.out.contains("with audit.tier: async no server empties a spool"))

    #expect(try RunningServer(program, []).stop() == 0)
    #expect(try program.run("doctor").lines.last == "0 broken, 0 to look at")
    let entries = try program.run("audit", "list", "--status", "401", "--json")
    #expect((entries.json?["entries"] as? [Any])?.count == 1, "\(entries.out)")
    // What was moved already may lie there for a while.
    try leave(1, in: 1, ageInSeconds: 3_600)
    #expect(try program.run("doctor").lines.last == "0 broken, 0 to look at")
    try leave(2, in: 2, ageInSeconds: 3_600)
    #expect(try codes(try program.run("doctor", "--json"), "warning") == ["spool_not_moved"])
  }

  @Test("an endpoint that is paused because it fails is named", .timeLimit(.minutes(2)))
  func failingWebhook() async throws {
    let program = try program()
    let receiver = try await WebhookReceiver()
    let environment = ["CARDEA_WEBHOOKS_ALLOW": "127.0.0.0/8"]
    let made = try program.run(
      ["webhooks", "create", receiver.url("/500"), "--json"], environment: environment)
    let webhook = try #require(made.json?["webhook"] as? [String: Any], "\(made.err)")
    let id = try #require(webhook["id"] as? String)
    let server = try RunningServer(program, [], environment: environment)
    // As many failures in a row as it takes.
    for number in 0..<5 {
      #expect(try program.run("keys", "create", "key-\(number)").status == 0)
    }
    _ = try await receiver.wait { $0.count >= 5 }
    var found: CardeaProgram.Result
    repeat {
      found = try program.run("doctor", "--json", environment: environment)
      #expect(found.status == 0, "\(found.out)")
    } while try !codes(found, "warning").contains("webhook_failing")
    #expect(server.stop() == 0)
    // It is in the store, so it is seen without the server too.
    let text = try program.run(["doctor"], environment: environment)
    let line = try #require(text.lines.first { $0.contains(id) }, "\(text.out)")
    #expect(line.hasPrefix("warning: the webhook \(id) failed "))
    #expect(line.contains("at last with: HTTP 500"))
    #expect(text.lines.last == "0 broken, 1 to look at")
    // Of one that is disabled nothing is expected.
    #expect(try program.run("webhooks", "update", id, "--disable").status == 0)
    #expect(try program.run("doctor").lines.last == "0 broken, 0 to look at")
  }

  @Test("a webhook's record that can't be read is named, can be removed and hides no other")
  func unreadableWebhook() throws {
    let program = try program()
    for name in ["a", "b"] {
      let made = try program.run("webhooks", "create", "https://\(name).example.org/", "--json")
      #expect(made.status == 0, "\(made.err)")
    }
    try Tool.run(
      "sqlite3", [program.path("cardea.sqlite3")],
      input: """
        UPDATE plugin_records SET content = x'00'
        WHERE collection = 'webhooks' AND id = (SELECT min(id) FROM plugin_records);
        """)
    let result = try program.run("doctor", "--json")
    #expect(result.status == 1)
    #expect(try codes(result, "fault") == ["webhook_unreadable"])
    let list = try program.run("webhooks", "list", "--json")
    #expect((list.json?["webhooks"] as? [Any])?.count == 1)
    let ids = try #require(list.json?["unreadable"] as? [String])
    let id = try #require(ids.first)
    #expect(ids.count == 1)
    #expect(try program.run("webhooks", "list").err.contains(id))
    #expect(try program.run("webhooks", "show", id).status != 0)
    let server = try RunningServer(program, [])
    let deleted = try program.run("webhooks", "delete", id)
    #expect(deleted.out == "Webhook \(id) deleted.\n", "\(deleted.err)")
    #expect(server.stop() == 0)
    // It may be said before the server listens or after.
    #expect((server.err + server.log()).contains(id))
    #expect(try program.run("doctor").status == 0)
  }
}
