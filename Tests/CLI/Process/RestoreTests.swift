import CardeaTestSupport
import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// What a restore must not bring back, beside the keys that the copy knew: see ``BackupTests``.
@Suite("what a restore does not bring back")
struct RestoreTests {
  private let program: CardeaProgram
  private let admin: String

  init() throws {
    program = try CardeaProgram()
    let made = try program.run("init")
    admin = try #require(made.lines.first, "\(made.err)")
  }

  private func run(_ arguments: String...) throws -> CardeaProgram.Result {
    let result = try program.run(arguments)
    #expect(result.status == 0, "\(arguments): \(result.err)")
    return result
  }

  private func token(_ arguments: String...) throws -> String {
    let made = try program.run(["keys", "create"] + arguments)
    return try #require(made.lines.first, "\(made.err)")
  }

  private func prefix(_ token: String) -> String { String(token.prefix { $0 != ":" }) }

  /// Why a token is not valid; `nil` if it is.
  private func denial(_ token: String) throws -> String? {
    try program.run("keys", "verify", "--json", input: token).json?["code"] as? String
  }

  private func restore(_ backup: String) throws -> [String: Any] {
    try #require(try run("restore", backup, "--yes", "--json").json)
  }

  // MARK: keys

  @Test("what was ended stays ended although the wrong backup was restored first, however often")
  func anOlderBackupFirst() throws {
    _ = try run("backup", "monday")
    _ = try run("owners", "create", "alice")
    let kept = try token("kept")
    let revoked = try token("revoked")
    let purged = try token("purged")
    let suspended = try token("suspended")
    let rotated = try token("rotated")
    let edited = try token("edited", "--scope", "a,b")
    let owned = try token("owned", "--owner", "alice")
    _ = try run("backup", "tuesday")
    for (action, token) in [("revoke", revoked), ("purge", purged), ("suspend", suspended)] {
      _ = try run("keys", action, prefix(token), "--yes")
    }
    let fresh = try #require(try run("keys", "rotate", prefix(rotated), "--yes").lines.first)
    _ = try run("keys", "update", prefix(edited), "--scope", "a")
    _ = try run("owners", "disable", "alice")

    let first = try restore("monday")
    #expect(first["missing"] as? Int == 7)
    #expect(first["revoked"] as? [String] == [])
    for token in [kept, revoked, purged, suspended, rotated, fresh, edited, owned] {
      #expect(try denial(token) == "unknown")
    }
    // What the store of the meantime knows of keys that it does not have, the next one knows too.
    let again = try run("restore", "monday", "--yes")
    #expect(!again.out.contains("which are gone"), "\(again.out)")

    let second = try restore("tuesday")
    #expect(second["revoked"] as? [String] == [prefix(revoked)])
    #expect(second["purged"] as? [String] == [prefix(purged)])
    #expect(second["suspended"] as? [String] == [prefix(suspended)])
    #expect(second["rotated"] as? [String] == [prefix(rotated)])
    #expect(second["edited"] as? [String] == [prefix(edited)])
    #expect(second["disabled"] as? [String] == ["alice"])
    #expect(second["missing"] as? Int == 0)
    #expect(try denial(kept) == nil)
    #expect(try denial(revoked) == "revoked")
    #expect(try denial(purged) == "purged")
    #expect(try denial(suspended) == "suspended")
    #expect(try denial(rotated) == "suspended")
    #expect(try denial(fresh) == "wrong_secret")
    #expect(try denial(owned) == "owner_disabled")
    _ = try run("audit", "verify")
    // And so on: neither back nor forth revives it.
    #expect(try restore("monday")["missing"] as? Int == 7)
    #expect(try restore("tuesday")["revoked"] as? [String] == [prefix(revoked)])
    #expect(try denial(revoked) == "revoked")
    #expect(try denial(kept) == nil)
  }

  @Test("a revocation is said to people too, also the second time")
  func toldToPeople() throws {
    _ = try run("backup", "monday")
    let key = try token("key")
    _ = try run("backup", "tuesday")
    _ = try run("keys", "revoke", prefix(key), "--yes")
    let first = try run("restore", "monday", "--yes")
    #expect(first.out.contains("keys made since the backup, which are gone: 1. Should a newer"))
    let second = try run("restore", "tuesday", "--yes")
    #expect(second.out.contains("revoked again: 1 (\(prefix(key)))"), "\(second.out)")
  }

  // MARK: files

  @Test("where the store is a symbolic link, what it leads to is replaced, and stays its owner's")
  func symbolicLink() throws {
    let manager = FileManager.default
    _ = try run("backup", "monday")
    let token = try token("since")
    try manager.createDirectory(atPath: program.path("data"), withIntermediateDirectories: false)
    try manager.moveItem(
      atPath: program.path("cardea.sqlite3"), toPath: program.path("data/keys.sqlite3"))
    try manager.createSymbolicLink(
      atPath: program.path("cardea.sqlite3"), withDestinationPath: "data/keys.sqlite3")
    let owner = ["-h", "daemon", program.path("data/keys.sqlite3")]
    if getuid() == 0 { try Tool.run("chown", owner) }
    let replaced = try #require(try restore("monday")["replaced"] as? String)
    #expect(
      try manager.destinationOfSymbolicLink(atPath: program.path("cardea.sqlite3"))
        == "data/keys.sqlite3")
    #expect(try denial(token) == "unknown")
    #expect(
      try program.run(
        "keys", "verify", "--json", "--store", "sqlite:data/keys.sqlite3", input: token
      ).json?["code"] as? String == "unknown")
    #expect(replaced.contains("/data/keys.sqlite3.before-"))
    if getuid() == 0 {
      let attributes = try manager.attributesOfItem(atPath: program.path("data/keys.sqlite3"))
      #expect(attributes[.ownerAccountName] as? String == "daemon")
    }
  }

  // MARK: webhooks

  private func endpoint(_ path: String) throws -> String {
    let made = try run("webhooks", "create", "https://example.com/\(path)", "--json")
    let webhook = try #require(made.json?["webhook"] as? [String: Any])
    return try #require(webhook["id"] as? String)
  }

  private func isEnabled(_ id: String) throws -> Bool? {
    try run("webhooks", "show", id, "--json").json?["enabled"] as? Bool
  }

  @Test("webhooks that were removed or changed since are disabled, and named")
  func webhooks() throws {
    let same = try endpoint("same")
    let deleted = try endpoint("deleted")
    let moved = try endpoint("moved")
    let rotated = try endpoint("rotated")
    let narrowed = try endpoint("narrowed")
    let disabled = try endpoint("disabled")
    let off = try endpoint("off")
    _ = try run("webhooks", "update", off, "--disable")
    _ = try run("backup", "copy")
    _ = try run("webhooks", "update", same, "--description", "another word")
    _ = try run("webhooks", "delete", deleted, "--yes")
    _ = try run("webhooks", "update", moved, "--url", "https://example.org/")
    _ = try run("webhooks", "rotate-secret", rotated, "--overlap", "1h")
    _ = try run("webhooks", "update", narrowed, "--signal", "key_revoked")
    _ = try run("webhooks", "update", disabled, "--disable")
    _ = try run("webhooks", "update", off, "--enable")
    let since = try endpoint("since")

    let report = try restore("copy")
    let changed = [deleted, moved, rotated, narrowed, disabled]
    #expect((report["webhooks"] as? [String])?.sorted() == changed.sorted())
    for id in changed + [off] { #expect(try isEnabled(id) == false) }
    #expect(try isEnabled(same) == true)
    #expect(try program.run("webhooks", "show", since).status != 0)
    // Who changed them is in the log, and it goes on whole.
    let log = try run("audit", "list", "--action", "webhook_updated")
    #expect(log.out.contains("cli"), "\(log.out)")
    _ = try run("audit", "verify")
    _ = try run("webhooks", "update", deleted, "--enable")
    #expect(try isEnabled(deleted) == true)
    // With what is there now it is as it was, so nothing is to be said.
    _ = try run("backup", "later")
    #expect(try restore("later")["webhooks"] as? [String] == [])
    #expect(try isEnabled(deleted) == true)
  }

  // MARK: links to the owners' page

  private func ask(
    _ server: RunningServer, _ method: String, _ path: String, _ body: String? = nil
  ) async throws -> (status: Int, json: [String: Any]) {
    var request = URLRequest(url: try #require(URL(string: server.address + path)))
    request.httpMethod = method
    if let body {
      request.setValue(admin, forHTTPHeaderField: "X-API-Key")
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
      request.httpBody = Data(body.utf8)
    }
    let (data, response) = try await URLSession.shared.data(for: request)
    return (
      try #require(response as? HTTPURLResponse).statusCode,
      (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
    )
  }

  @Test("no link to the owners' page is in a restored store", arguments: [true, false])
  func links(_ hasStore: Bool) async throws {
    _ = try run("owners", "create", "alice")
    var server = try RunningServer(program, [])
    let made = try await ask(
      server, "POST", "/v1/portal-links", #"{"owner": "alice", "ttl": "1h"}"#)
    let url = try #require((made.json["url"] as? String).flatMap { URL(string: $0) })
    let path = "\(url.path)?\(url.query ?? "")"
    #expect(try await ask(server, "GET", path).status == 200)
    #expect(server.stop() == 0)
    _ = try run("backup", "copy")
    server = try RunningServer(program, [])
    #expect(try await ask(server, "GET", path).status == 200)
    #expect(server.stop() == 0)
    let store = "sqlite:\(hasStore ? "cardea" : "new").sqlite3"
    _ = try run("restore", "copy", "--yes", "--store", store)
    server = try RunningServer(program, ["--store", store])
    #expect(try await ask(server, "GET", path).status == 403)
    // New ones are made as before.
    let again = try await ask(server, "POST", "/v1/portal-links", #"{"owner": "alice"}"#)
    #expect(again.status == 201, "\(again.json)")
    #expect(server.stop() == 0)
  }
}
