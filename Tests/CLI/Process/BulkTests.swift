import Foundation
import Testing

@Suite("many keys on the command line")
struct ManyKeysTests {
  /// A program with a store, its admin key, and three keys of alice's.
  private func program() throws -> (CardeaProgram, tokens: [String]) {
    let program = try CardeaProgram()
    try #require(try program.run("init", "--token-file", "admin").status == 0)
    let tokens = try ["a", "b", "c"].map { name in
      try #require(
        try program.run(
          "keys", "create", name, "--owner", "alice", "--scope", "x:\(name)", "--metadata",
          #"{"team": "ops"}"#
        ).lines.first)
    }
    return (program, tokens)
  }

  @Test("revoke by filter: looked at first, then done, and only with --yes where nobody is asked")
  func revoke() throws {
    let (program, tokens) = try program()
    let dry = try program.run("keys", "revoke", "--owner", "alice", "--dry-run")
    #expect(dry.status == 0)
    let prefixes = tokens.map { String($0.prefix { $0 != ":" }) }
    #expect(Set(dry.lines.dropLast()) == Set(prefixes))
    #expect(dry.lines.last == "3 keys would be revoked.")
    let unasked = try program.run("keys", "revoke", "--owner", "alice")
    #expect(unasked.status == 2)
    #expect(unasked.err.contains("--yes"))
    #expect(try program.run("keys", "verify", input: tokens[0]).status == 0)
    let nobody = try program.run("keys", "revoke", "--owner", "alcie", "--yes")
    #expect(nobody.err.contains("There is no user alcie."), "\(nobody)")
    let none = try program.run(
      "keys", "revoke", "--owner", "alice", "--unused-since", "1d", "--yes")
    #expect(none.out == "0 keys revoked.\n")
    let one = try program.run(
      "keys", "revoke", "--owner", "alice", "--scope", "x:a", "--yes", "--json")
    #expect(one.status == 0)
    #expect(one.json?["changed"] as? Int == 1)
    #expect(one.json?["action"] as? String == "revoke")
    #expect(try program.run("keys", "verify", input: tokens[0]).out == "not valid: revoked\n")
    #expect(try program.run("keys", "verify", input: tokens[1]).status == 0)
    #expect(
      try program.run("keys", "revoke", "--metadata", "team=ops", "--yes").out
        == "2 keys revoked.\n")
    #expect(
      try program.run("keys", "revoke", "--owner", "nobody", "--yes").out == "0 keys revoked.\n")
  }

  @Test("suspend, reactivate and purge by filter")
  func others() throws {
    let (program, tokens) = try program()
    #expect(
      try program.run("keys", "suspend", "--owner", "alice", "--yes").out == "3 keys suspended.\n")
    #expect(try program.run("keys", "verify", input: tokens[2]).out == "not valid: suspended\n")
    #expect(
      try program.run("keys", "reactivate", "--state", "suspended", "--yes").out
        == "3 keys reactivated.\n")
    #expect(try program.run("keys", "purge", "--scope", "x:c", "--yes").out == "1 key purged.\n")
    #expect(try program.run("keys", "verify", input: tokens[2]).out == "not valid: purged\n")
  }

  @Test("rotate by filter: every new token, as CSV, as JSON, or in a file")
  func rotate() throws {
    let (program, old) = try program()
    let csv = try program.run("keys", "rotate", "--owner", "alice", "--overlap", "1h", "--yes")
    #expect(csv.status == 0)
    #expect(csv.lines.first == "id,prefix,name,owner,token")
    let rows = csv.lines.dropFirst().map { $0.split(separator: ",").map(String.init) }
    #expect(rows.map { $0[2] }.sorted() == ["a", "b", "c"])
    for row in rows {
      #expect(row[3] == "alice" && row[4].hasPrefix(row[1]))
      #expect(try program.run("keys", "verify", input: row[4]).status == 0)
    }
    for token in old { #expect(try program.run("keys", "verify", input: token).status == 0) }

    let json = try program.run("keys", "rotate", "--owner", "alice", "--yes", "--json")
    let issued = json.json?["issued"] as? [[String: Any]] ?? []
    #expect(issued.count == 3 && json.json?["changed"] as? Int == 3)
    for entry in issued {
      let token = try #require(entry["token"] as? String)
      #expect(try program.run("keys", "verify", input: token).status == 0)
    }
    let file = try program.run(
      "keys", "rotate", "--owner", "alice", "--yes", "--token-file", "tokens")
    #expect(file.status == 0 && file.out == "")
    let lines = String(decoding: try program.bytes("tokens"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 4)
    let dry = try program.run("keys", "rotate", "--owner", "alice", "--dry-run")
    #expect(dry.lines.count == 4 && dry.lines.last == "3 keys would be rotated.")
    let once = try program.run(
      "keys", "rotate", "--owner", "alice", "--overlap", "8d", "--yes", "--json")
    #expect(once.status == 1 && once.problem?["field"] as? String == "overlap")
  }

  @Test("a token that stdout does not take is no success, and the key is named")
  func unwrittenTokens() throws {
    let (program, tokens) = try program()
    func status(_ command: String) throws -> (Int32, String) {
      let process = try program.process([])
      let cardea = try #require(process.executableURL).path
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = ["-c", command.replacingOccurrences(of: "cardea ", with: "\(cardea) ")]
      let errors = Pipe()
      process.standardError = errors
      try process.run()
      let said = errors.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }
    for command in [
      "cardea keys create x > /dev/full", "cardea keys create x --json > /dev/full",
      "cardea init --store sqlite:other.sqlite3 > /dev/full",
      "cardea owners create o --with-key k > /dev/full",
    ] {
      let (code, said) = try status(command)
      #expect(code == 1, "\(command): \(said)")
      #expect(said.contains("cardea keys rotate "), "\(command): \(said)")
    }
    for token in tokens { #expect(try program.run("keys", "verify", input: token).status == 0) }
    for json in ["", " --json"] {
      let (code, said) = try status("cardea keys rotate --owner alice --yes\(json) > /dev/full")
      #expect(code == 1 && said.contains("Nothing was changed."), "\(said)")
    }
    for token in tokens { #expect(try program.run("keys", "verify", input: token).status == 0) }
    #expect(try status("cardea keys rotate --owner alice --yes >&-").0 == 1)
    #expect(try status("cardea audit export > /dev/full").0 == 1)
    #expect(try status("cardea keys list > /dev/full").0 == 1)
    // Whoever read has gone: no words, and no success.
    let (code, said) = try status("(sleep 0.2; cardea audit export; echo $? >&2) | true")
    #expect(code == 0 && said == "1\n")
  }

  @Test(
    "stdout with room for the first line only: what was under way is named, nothing else was begun")
  func stdoutFillsUp() throws {
    let (program, tokens) = try program()
    let prefixes = tokens.map { String($0.prefix { $0 != ":" }) }
    let process = try program.process(["keys", "rotate", "--owner", "alice", "--yes"])
    let (out, errors) = (Pipe(), Pipe())
    let end = out.fileHandleForWriting.fileDescriptor
    // One page, which has room for the header and for no line after it; what does not fit is refused.
    let setPipeSize: Int32 = 1_031
    try #require(fcntl(end, setPipeSize, 4_096) == 4_096)
    try #require(fcntl(end, F_SETFL, O_NONBLOCK) == 0)
    try #require(write(end, [UInt8](repeating: 0x78, count: 4_046), 4_046) == 4_046)
    process.standardOutput = out
    process.standardError = errors
    try process.run()
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    let lost = prefixes.filter { said.contains("cardea keys rotate \($0)") }
    // Two are under way at the same time.
    #expect((1...2).contains(lost.count), "\(said)")
    let works = try tokens.filter { try program.run("keys", "verify", input: $0).status == 0 }
    #expect(works.count == 3 - lost.count, "\(said)")
  }

  @Test("every change can be tried first")
  func dryRuns() throws {
    let (program, tokens) = try program()
    let prefix = String(try #require(tokens.first).prefix { $0 != ":" })
    let before = try program.run("keys", "list", "--json").out
    let owners = try program.run("owners", "list", "--json").out
    for command in [
      ["keys", "create", "new"], ["keys", "update", prefix, "--name", "n"],
      ["keys", "rotate", prefix], ["keys", "suspend", prefix], ["keys", "revoke", prefix],
      ["keys", "purge", prefix], ["owners", "create", "bob", "--with-key", "k"],
      ["owners", "update", "alice", "--max-keys", "9"], ["owners", "disable", "alice"],
      ["keys", "create", "new", "--token-file", "file"],
    ] {
      let result = try program.run(command + ["--dry-run"])
      #expect(result.status == 0, "\(command): \(result.err)")
      #expect(result.out.contains("would"), "\(command): \(result.out)")
      let json = try program.run(command + ["--dry-run", "--json"])
      #expect(json.json?["dry_run"] as? Bool == true, "\(command)")
      #expect(json.json?["token"] == nil)
    }
    #expect(try program.run("keys", "list", "--json").out == before)
    #expect(try program.run("owners", "list", "--json").out == owners)
    #expect(!program.exists("file"))
    #expect(try program.run("keys", "complete-rotation", prefix, "--dry-run").status == 1)
  }

  @Test("owners: members, and a first key by option or by setting")
  func owners() throws {
    let (program, _) = try program()
    let made = try program.run(
      "owners", "create", "shop", "--kind", "system", "--with-key", "first", "--scope", "a")
    #expect(made.status == 0 && made.lines.count == 1)
    #expect(try program.run("keys", "verify", "--scope", "a", input: made.out).status == 0)
    let acme = try program.run(
      "owners", "create", "acme", "--kind", "organization", "--member", "bob", "--member", "alice",
      "--json")
    #expect((acme.json?["owner"] as? [String: Any])?["members"] as? [String] == ["alice", "bob"])
    #expect(try program.run("owners", "list", "--member", "bob").out.contains("acme"))
    #expect(
      try program.run(
        "owners", "update", "acme", "--kind", "organization", "--no-members", "--json"
      ).json?["owner"].flatMap { ($0 as? [String: Any])?["members"] as? [String] } == [])
    let automatic = try program.run(
      "owners", "create", "carol", "--json", environment: ["CARDEA_OWNERS_FIRST_KEY": "default"])
    #expect((automatic.json?["key"] as? [String: Any])?["name"] as? String == "default")
    #expect(automatic.json?["token"] is String)
  }

  @Test("a pepper that stored keys need and the configuration lacks: nothing starts")
  func missingPepper() throws {
    let program = try CardeaProgram()
    for name in ["v1", "v2"] {
      try program.write(String(repeating: name, count: 20), to: name)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: program.path(name))
    }
    let both = ["CARDEA_HASH_PREFERRED": "hmac_sha256", "CARDEA_HASH_PEPPER_FILES": "v1=v1,v2=v2"]
    try #require(try program.run(["init"], environment: both).status == 0)
    #expect(try program.run(["keys", "list"], environment: both).status == 0)
    let other = ["CARDEA_HASH_PREFERRED": "hmac_sha256", "CARDEA_HASH_PEPPER_FILES": "v2=v2"]
    for arguments in [["keys", "list"], ["serve", "--port", "0"]] {
      let refused = try program.run(arguments, environment: other)
      #expect(refused.status == 2, "\(arguments)")
      #expect(refused.err.contains("hash.pepper_files"))
      #expect(refused.err.contains("v1") && refused.err.contains("1 secret"))
    }
    let none = try program.run(["keys", "list"])
    #expect(none.status == 2 && none.err.contains("v1=PATH"))
  }

  @Test("dead letters: none yet, and where to look")
  func deadLetters() throws {
    let (program, _) = try program()
    #expect(
      try program.run("signals", "dead-letters", "list", "--json").json?["dead_letters"]
        as? [String]
        == [])
    #expect(try program.run("signals", "dead-letters", "list").out.contains("SUBSCRIPTION"))
    #expect(
      try program.run("signals", "dead-letters", "replay", "--all").out
        == "0 dead letters will be delivered once more.\n")
  }
}
