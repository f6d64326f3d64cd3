import ArgumentParser
import CardeaLifecycle
import CardeaServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `cardea keys verify`.
struct KeysVerifyCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Say whether a token is valid, and if not, why.",
    discussion: """
      It may be a key's token or a session's. Sessions that another process made are known here if \
      they are JWTs and sessions.signing_key_files is set; that somebody logged out there is not.

      The token is read from standard input (a terminal is asked, without showing what is typed) or \
      from a file. It is never taken from the command line, which every user of the machine can \
      read. Exit code 0 if it is valid, 1 if it is not, 3 if that could not be found out.

      Policies judge the request that the options describe; what they leave out is unknown to them. \
      --explain shows every check in the order in which it is made and which of them decides; it counts \
      against no limit, and is recorded nowhere.

      Example:
        cardea keys verify --scope orders:read < admin.token
        cardea keys verify --explain --method POST --path /orders --address 192.0.2.7 < client.token
      """)

  static let isRecorded = true

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Read the token from the first line of this file.", valueName: "file"))
  var tokenFile: String?

  @Option(
    name: [.customLong("scope"), .customLong("scopes")],
    help: ArgumentHelp("A scope that the key must grant; again for another.", valueName: "scope"))
  var scopes: [String] = []

  @Option(
    name: .customLong("any-scope"),
    help: ArgumentHelp(
      "One of several scopes of which the key must grant one; again for another.",
      valueName: "scope"))
  var anyScopes: [String] = []

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp("The class that the key must have.", valueName: "class"))
  var keyClass: String?

  @Option(help: ArgumentHelp("The request's method, for policies.", valueName: "method"))
  var method: String?

  @Option(
    help: ArgumentHelp("The request's path without its query, for policies.", valueName: "path"))
  var path: String?

  @Option(
    name: [.customLong("address"), .customLong("ip")],
    help: ArgumentHelp("The client's address, for policies.", valueName: "address"))
  var address: AddressArgument?

  @Flag(help: "Show every check with its outcome.")
  var explain = false

  func perform(_ session: Session) async throws {
    for (scopes, field) in [(scopes, "scope"), (anyScopes, "any_scope")]
    where !scopes.flatMap(SettingsReader.list).allSatisfy(ScopeSet.isValid) {
      throw CommandFailure.usage(
        "one of them is no scope name",
        remedy: "Use 1 to 128 characters of printable ASCII without space.",
        field: field)
    }
    let token = try readToken(session.console)
    let facts = RequestFacts(
      method: method ?? "", path: path ?? "", clientAddress: address?.value.description)
    let requirement = Requirement(
      scopes: scopes.flatMap(SettingsReader.list),
      anyScopes: anyScopes.flatMap(SettingsReader.list),
      keyClass: keyClass)
    if explain {
      let explanation = await session.kernel.explain(
        token: token, facts: facts, requiring: requirement)
      return try await show(explanation.verdict, explanation, session)
    }
    let verdict = await session.kernel.verify(token: token, facts: facts, requiring: requirement)
    try await show(verdict, nil, session)
  }

  private func show(
    _ verdict: Verdict, _ explanation: Explanation?, _ session: Session
  ) async throws {
    if let explanation, !session.json { session.print(table(explanation)) }
    switch verdict {
    case .allow(let identity):
      let stored = try await session.kernel.key(identity.keyID)
      if session.json {
        let key = KeyResource(stored, at: session.now)
        try session.print(VerifyResource(.valid(key, identity.session), explanation))
      } else {
        session.console.out("valid: \(stored.key.prefix) (\(SafeText.line(stored.key.name)))")
      }
    case .deny(let denial):
      // That nothing could be found out is no verdict on the token.
      if denial.category == .unavailable { throw CommandFailure(unavailable: denial.reason) }
      if session.json {
        try session.print(VerifyResource(.invalid(denial.reason), explanation))
      } else {
        let decider = explanation?.decidedBy.map { ", as \($0.name) decided" } ?? ""
        session.console.out("not valid: \(denial.reason.rawValue)\(decider)")
      }
      throw ExitCode(CommandFailure.Exit.refused.rawValue)
    }
  }

  private func table(_ explanation: Explanation) -> Table {
    var table = Table(["CHECK", "OUTCOME", "CODE"])
    for check in explanation.checks {
      let colour: Table.Colour? =
        switch check.outcome {
        case .passed: .green
        case .denied: .red
        case .notReached: .dim
        }
      table.add([
        .init(check.name), .init(check.outcome.rawValue, colour), .init(check.code ?? "-"),
      ])
    }
    return table
  }

  private func readToken(_ console: Console) throws(CommandFailure) -> Secret {
    if let tokenFile {
      guard let data = try? Data(contentsOf: URL(filePath: tokenFile)), data.count <= 4_096 else {
        throw .usage(
          "the token file can't be read, or is longer than 4096 bytes",
          remedy: "Name a file whose first line is the token.", field: "token_file")
      }
      let line = data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
      return Secret(Array(line))
    }
    let isAsked = console.inputIsTerminal
    guard let line = isAsked ? console.readHiddenLine("Token: ") : console.readLine() else {
      throw .usage(
        "there is no token on standard input", remedy: "Pipe it in, or name a file: --token-file.")
    }
    return Secret(line)
  }
}
