import Foundation
import Testing

@Suite("What commands answer")
struct AnswersTests {
  @Test(
    "with --json a wrong command line is a problem on stderr",
    arguments: [
      ["keys", "list", "--json", "--nonsense"], ["keys", "list", "--json", "--limit", "0"],
      ["keys", "list", "--json", "--state", "nonsense"], ["--json", "nonsense"],
      ["keys", "create", "--json"], ["keys", "--json", "nonsense"],
      ["keys", "list", "--json", "--sort", "nonsense"],
    ])
  func usage(arguments: [String]) throws {
    let result = try CardeaProgram().run(arguments)
    #expect(result.status == 2)
    #expect(result.out == "")
    #expect(result.problem?["code"] as? String == "usage", "\(result.err)")
    #expect(result.problem?["status"] as? Int == 400)
    let detail = try #require(result.problem?["detail"] as? String)
    #expect(!detail.hasPrefix("Error: "))
    #expect(!detail.contains("Usage: "))
    #expect(!detail.contains("\n"))
    #expect(detail.contains("See: cardea "), "\(detail)")
  }

  @Test("without --json it is text as every other failure is, and help is help")
  func plainUsage() throws {
    let program = try CardeaProgram()
    for (arguments, text) in [
      (
        ["keys", "list", "--nonsense", "--", "--json"],
        "cardea: unknown option '--nonsense'\n  See: cardea keys list --help\n"
      ),
      (["nonsense"], "cardea: unexpected argument 'nonsense'\n  See: cardea --help\n"),
      (
        ["keys", "create"],
        """
        cardea: missing expected argument '<name>'
          <name>: What people call the key.
          See: cardea keys create --help

        """
      ),
      (
        ["keys", "list", "--limit", "0"],
        "cardea: --limit must be between 1 and 1000\n  See: cardea keys list --help\n"
      ),
    ] {
      let wrong = try program.run(arguments)
      #expect(wrong.status == 2)
      #expect(wrong.out == "")
      #expect(wrong.err == text)
    }
    let order = try program.run("keys", "list", "--sort", "nonsense").err.split(separator: "\n")
    #expect(order.count == 3)
    #expect(order.first?.hasSuffix(": created, -created, name, -name, expires, -expires") == true)
    let help = try program.run("keys", "list", "--json", "--help")
    #expect(help.status == 0)
    #expect(help.out.contains("USAGE"))
  }

  @Test("with --json what to do about it stands in the detail, which is one line")
  func detail() throws {
    let program = try CardeaProgram()
    #expect(try program.run("init").status == 0)
    let missing = try program.run("keys", "show", "tok_missing", "--json")
    #expect(missing.status == 1)
    #expect(
      missing.problem?["detail"] as? String
        == "no key has this id or prefix. See: cardea keys list")
    try program.write(
      "server:\n  port: x\nlimits:\n  failed_per_address: lots\n", to: "cardea.yaml")
    let faulty = try program.run("check", "--json")
    #expect(faulty.status == 2)
    let detail = try #require(faulty.problem?["detail"] as? String)
    #expect(!detail.contains("\n"))
    #expect(detail.hasPrefix("2 faults in the configuration; nothing was started. cardea.yaml:2: "))
    #expect(detail.contains("cardea.yaml:4: limits.failed_per_address = lots: "), "\(detail)")
  }

  @Test("verify: what is no address is no address")
  func address() throws {
    let program = try CardeaProgram()
    let token = try #require(try program.run("init").lines.first)
    for text in ["banana", "", "1.2.3", "192.0.2.1:80"] {
      let result = try program.run("keys", "verify", "--ip", text, input: token)
      #expect(result.status == 2, "\(text)")
      #expect(result.out == "")
    }
    #expect(try program.run("keys", "verify", "--ip", "2001:db8::1", input: token).status == 0)
  }

  @Test("verify --explain: every check, and which of them decides")
  func explain() throws {
    let program = try CardeaProgram()
    let token = try #require(try program.run("init").lines.first)
    try program.write(
      """
      plugins: { policy.allowed_routes: { methods: [GET], paths: [/orders] } }
      """, to: "cardea.yaml")
    let good = try program.run(
      "keys", "verify", "--explain", "--method", "GET", "--path", "/orders/1", "--address",
      "192.0.2.7", "--any-scope", "a", "--any-scope", "b", "--class", "default", input: token)
    #expect(good.status == 0, "\(good.err)")
    #expect(good.lines.last?.hasPrefix("valid: ") == true)
    #expect(good.lines.first?.hasPrefix("CHECK") == true)
    #expect(good.lines.dropFirst().dropLast().allSatisfy { $0.contains("passed") })
    let denied = try program.run(
      "keys", "verify", "--explain", "--method", "DELETE", "--path", "/orders", input: token)
    #expect(denied.status == 1)
    #expect(denied.lines.last == "not valid: policy_denied, as policy.allowed_routes decided")
    #expect(denied.out.contains("method_not_allowed"))
    let json = try program.run("keys", "verify", "--explain", "--json", input: token)
    #expect(json.status == 1)
    let explained = try #require(json.json?["explain"] as? [String: Any])
    #expect(explained["decided_by"] as? String == "policy.allowed_routes")
    #expect((explained["checks"] as? [Any])?.count == 10)
    #expect(try program.run("keys", "verify", "--scope", "a b", input: token).status == 2)
  }

  @Test("verify: that nothing could be found out is not 'not valid'")
  func noVerdict() throws {
    let program = try CardeaProgram()
    let token = try #require(try program.run("init").lines.first)
    // The audit's file is there and opens, but has grown beyond what this process may write.
    try program.write(String(repeating: "x", count: (8 << 20) - 1) + "\n", to: "audit.jsonl")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: program.path("audit.jsonl"))
    let process = try program.process(
      ["keys", "verify", "--json"],
      environment: ["CARDEA_PLUGINS_AUDIT_JSONLINES_PATH": "audit.jsonl"])
    let executable = try #require(process.executableURL).path
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments =
      ["-c", #"trap '' XFSZ; ulimit -f 4096; exec "$0" "$@""#, executable]
      + (process.arguments ?? [])
    let (input, out, err) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = out
    process.standardError = err
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data("\(token)\n".utf8))
    try input.fileHandleForWriting.close()
    let written = try err.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 3)
    #expect(try out.fileHandleForReading.readToEnd()?.isEmpty ?? true)
    let problem = try JSONSerialization.jsonObject(with: written) as? [String: Any]
    #expect(problem?["code"] as? String == "audit_unavailable")
    #expect(problem?["status"] as? Int == 503)
  }

  @Test("keys of an owner that there is not: an empty page")
  func unknownOwner() throws {
    let program = try CardeaProgram()
    #expect(try program.run("init").status == 0)
    let json = try program.run("keys", "list", "--owner", "nobody", "--json")
    #expect(json.status == 0)
    #expect((json.json?["keys"] as? [Any])?.isEmpty == true)
    #expect(try program.run("keys", "list", "--owner", "nobody").status == 0)
  }

  @Test("owners update with nothing to change says so")
  func nothingToChange() throws {
    let program = try CardeaProgram()
    #expect(try program.run("init").status == 0)
    #expect(try program.run("owners", "create", "alice").status == 0)
    let result = try program.run("owners", "update", "alice")
    #expect(result.status == 2)
    #expect(result.err.contains("nothing to change"))
    #expect(try program.run("owners", "update", "alice", "--max-keys", "2").status == 0)
  }

  @Test("no command but one that authenticates makes the file of the audit sink")
  func auditFile() throws {
    let program = try CardeaProgram()
    let environment = ["CARDEA_PLUGINS_AUDIT_JSONLINES_PATH": "audit.jsonl"]
    let token = try #require(try program.run(["init"], environment: environment).lines.first)
    for command in [["check"], ["check", "--settings"], ["plugins"], ["keys", "list"]] {
      #expect(try program.run(command, environment: environment).status == 0)
    }
    #expect(!program.exists("audit.jsonl"))
    #expect(try program.run("keys", "verify", input: token, environment: environment).status == 0)
    #expect(String(decoding: try program.bytes("audit.jsonl"), as: UTF8.self).contains("allow"))
  }
}
