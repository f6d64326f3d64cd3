import Foundation
import Testing

@Suite("backup and restore")
struct BackupTests {
  /// A program with a store and its admin key.
  private func program() throws -> CardeaProgram {
    let program = try CardeaProgram()
    let made = try program.run("init", "--token-file", "admin.token")
    try #require(made.status == 0, "\(made.err)")
    return program
  }

  private func token(_ program: CardeaProgram, _ arguments: String...) throws -> String {
    let made = try program.run(["keys", "create"] + arguments)
    return try #require(made.lines.first, "\(made.err)")
  }

  private func prefix(_ token: String) -> String { String(token.prefix { $0 != ":" }) }

  /// Why a token is not valid; `nil` if it is.
  private func denial(_ program: CardeaProgram, _ token: String) throws -> String? {
    try program.run("keys", "verify", "--json", input: token).json?["code"] as? String
  }

  @Test("a backup of a store in use is one whole moment of it, for its owner's eyes only")
  func whileServing() async throws {
    let program = try program()
    let server = try RunningServer(program, [])
    let early = try token(program, "early")
    #expect(try await server.authenticate(early) == 200)
    let made = try program.run("backup", "copy.sqlite3", "--json")
    #expect(made.status == 0, "\(made.err)")
    let size = try program.bytes("copy.sqlite3").count
    #expect(made.json?["bytes"] as? Int == size)
    let mode =
      try FileManager.default.attributesOfItem(atPath: program.path("copy.sqlite3"))[
        .posixPermissions] as? Int
    #expect(mode == 0o600)
    for rest in ["-wal", "-shm", ".partial"] { #expect(!program.exists("copy.sqlite3\(rest)")) }
    let late = try token(program, "late")
    #expect(try await server.authenticate(late) == 200)

    let elsewhere = "sqlite:restored.sqlite3"
    let restored = try program.run("restore", "copy.sqlite3", "--yes", "--store", elsewhere)
    #expect(restored.status == 0, "\(restored.err)")
    let other = try RunningServer(program, ["--store", elsewhere])
    #expect(try await other.authenticate(early) == 200)
    #expect(try await other.authenticate(late) == 401)
    #expect(try program.run("audit", "verify", "--store", elsewhere).status == 0)
    #expect(other.stop() == 0)
    #expect(server.stop() == 0)
  }

  @Test("what was ended since the backup stays ended, and what the store was is kept")
  func nothingRevives() throws {
    let program = try program()
    #expect(try program.run("owners", "create", "alice").status == 0)
    let kept = try token(program, "kept")
    let revoked = try token(program, "revoked")
    let purged = try token(program, "purged")
    let suspended = try token(program, "suspended")
    let rotated = try token(program, "rotated")
    let owned = try token(program, "owned", "--owner", "alice")
    let reactivated = try token(program, "reactivated")
    #expect(try program.run("keys", "suspend", prefix(reactivated)).status == 0)
    #expect(try program.run("backup", "copy.sqlite3").status == 0)

    for (action, token) in [
      ("revoke", revoked), ("purge", purged), ("suspend", suspended), ("reactivate", reactivated),
    ] {
      #expect(try program.run("keys", action, prefix(token), "--yes").status == 0)
    }
    let fresh = try #require(
      try program.run("keys", "rotate", prefix(rotated), "--yes").lines.first)
    #expect(try program.run("owners", "disable", "alice").status == 0)
    let late = try token(program, "late")
    let result = try program.run("restore", "copy.sqlite3", "--yes", "--json")
    #expect(result.status == 0, "\(result.err)")
    let report = try #require(result.json)
    #expect(report["revoked"] as? [String] == [prefix(revoked)])
    #expect(report["purged"] as? [String] == [prefix(purged)])
    #expect(report["suspended"] as? [String] == [prefix(suspended)])
    #expect(report["rotated"] as? [String] == [prefix(rotated)])
    #expect(report["disabled"] as? [String] == ["alice"])
    #expect(report["missing"] as? Int == 1)
    let old = try #require(report["replaced"] as? String)
    #expect(FileManager.default.fileExists(atPath: program.path(old)))

    #expect(try denial(program, kept) == nil)
    #expect(try denial(program, revoked) == "revoked")
    #expect(try denial(program, purged) == "purged")
    #expect(try denial(program, suspended) == "suspended")
    #expect(try denial(program, rotated) == "suspended")
    #expect(try denial(program, fresh) == "wrong_secret")
    #expect(try denial(program, owned) == "owner_disabled")
    // An edit that is lost, and denies: that is the safe side.
    #expect(try denial(program, reactivated) == "suspended")
    #expect(try denial(program, late) == "unknown")
    #expect(try program.run("audit", "verify").status == 0)
    // Once more, over what was restored: it still knows.
    #expect(try program.run("restore", "copy.sqlite3", "--yes").status == 0)
    #expect(try denial(program, revoked) == "revoked")
    #expect(try denial(program, rotated) == "suspended")
  }

  @Test("a token that a rotation ends later than the backup does not live on; edits are named")
  func overlapsAndEdits() throws {
    let program = try program()
    let rotated = try token(program, "rotated")
    let edited = try token(program, "edited", "--scope", "a,b")
    #expect(try program.run("backup", "copy.sqlite3").status == 0)
    #expect(
      try program.run("keys", "rotate", prefix(rotated), "--overlap", "1h", "--yes").status == 0)
    #expect(try program.run("keys", "update", prefix(edited), "--scope", "a").status == 0)
    #expect(try denial(program, rotated) == nil)
    let result = try program.run("restore", "copy.sqlite3", "--yes", "--json")
    #expect(result.status == 0, "\(result.err)")
    #expect(result.json?["rotated"] as? [String] == [prefix(rotated)])
    #expect(result.json?["edited"] as? [String] == [prefix(edited)])
    #expect(try denial(program, rotated) == "suspended")
  }

  @Test("what fails midway leaves the store as it was")
  func midway() throws {
    let program = try program()
    try program.write(String(repeating: "p", count: 64), to: "pepper")
    chmod(program.path("pepper"), 0o600)
    let peppered = [
      "CARDEA_HASH_PREFERRED": "hmac_sha256",
      "CARDEA_HASH_PEPPER_FILES": "v1=\(program.path("pepper"))",
    ]
    let key = try #require(
      try program.run("keys", "create", "key", environment: peppered).lines.first)
    #expect(try program.run("backup", "copy.sqlite3", environment: peppered).status == 0)
    let revoked = try program.run("keys", "revoke", prefix(key), "--yes", environment: peppered)
    #expect(revoked.status == 0, "\(revoked.err)")
    // The copy's living key needs a pepper that is not there any more, so its kernel does not start.
    let refused = try program.run("restore", "copy.sqlite3", "--yes")
    #expect(refused.status == 2, "\(refused.err)")
    let verdict = try program.run("keys", "verify", "--json", input: key, environment: peppered)
    #expect(verdict.json?["code"] as? String == "revoked")
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
    #expect(left.filter { $0.contains(".restoring") || $0.contains(".before-") } == [])
  }

  @Test("nothing is changed by what is refused")
  func refusals() throws {
    let program = try program()
    let key = try token(program, "key")
    #expect(try program.run("backup", "copy.sqlite3").status == 0)
    let again = try program.run("backup", "copy.sqlite3")
    #expect(again.status == 2)
    #expect(again.err.contains("copy.sqlite3 exists already"))
    #expect(try program.run("backup", "no/folder/copy").status == 3)
    #expect(try program.run("backup", "x", "--store", "sqlite:missing.sqlite3").status == 3)
    #expect(!program.exists("missing.sqlite3"))
    #expect(try program.run("backup", "x", "--store", "memory:").status == 2)

    try program.write("no database at all, whatever its length may be", to: "text")
    var damaged = try program.bytes("copy.sqlite3")
    for index in damaged.indices.dropFirst(8_192).prefix(40_000) { damaged[index] = 0x5A }
    try damaged.write(to: program.folder.appending(path: "damaged"))
    let cut = try program.bytes("copy.sqlite3").prefix(20_000)
    try cut.write(to: program.folder.appending(path: "cut"))
    for (file, status) in [("text", 3), ("damaged", 3), ("cut", 3), ("nowhere", 2)] {
      let result = try program.run("restore", file, "--yes")
      #expect(result.status == status, "\(file): \(result.err)")
    }
    // Nobody is there to be asked.
    let unasked = try program.run("restore", "copy.sqlite3")
    #expect(unasked.status == 2)
    #expect(
      unasked.err == """
        cardea: the store is replaced only after a question, and nobody is there to be asked
          Nothing was changed. Say --yes to replace ./cardea.sqlite3 by copy.sqlite3.

        """)
    let server = try RunningServer(program, [])
    let served = try program.run("restore", "copy.sqlite3", "--yes")
    #expect(served.status == 3)
    #expect(served.err.contains("stop the server first"), "\(served.err)")
    #expect(server.stop() == 0)
    #expect(try denial(program, key) == nil)
    let left = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
    #expect(left.filter { $0.contains(".restoring") || $0.contains(".partial") } == [])
    #expect(left.filter { $0.contains(".before-") } == [])
  }

  @Test("a log that a missing store left beside itself is not taken for the copy's")
  func missingStore() throws {
    let program = try program()
    let key = try token(program, "key")
    #expect(try program.run("backup", "copy.sqlite3").status == 0)
    try program.write("another's", to: "other.sqlite3-wal")
    let result = try program.run(
      "restore", "copy.sqlite3", "--yes", "--store", "sqlite:other.sqlite3")
    #expect(result.status == 0, "\(result.err)")
    #expect(result.out.contains("no store was there to compare with"))
    let verified = try program.run(
      "keys", "verify", "--store", "sqlite:other.sqlite3", input: key)
    #expect(verified.status == 0, "\(verified.err)")
  }

  @Test("a damaged store is replaced, and what it can't tell any more is said")
  func damagedStore() throws {
    let program = try program()
    let key = try token(program, "key")
    #expect(try program.run("backup", "copy.sqlite3").status == 0)
    try program.write("gone", to: "cardea.sqlite3")
    let result = try program.run("restore", "copy.sqlite3", "--yes")
    #expect(result.status == 1, "\(result.err)")
    #expect(result.out.contains("what was revoked since the backup is valid again"))
    #expect(try denial(program, key) == nil)
  }
}
