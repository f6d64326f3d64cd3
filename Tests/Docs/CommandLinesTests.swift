import CardeaCLI
import Testing

/// The commands of `cardea` that documents show are ones that the program takes. They are parsed, not run.
@Suite struct CommandLinesTests {
  @Test(arguments: Repository.documents)
  func everyCommandIsOneThatTheProgramTakes(_ document: String) throws {
    let found = try FencedBlock.all(in: document).flatMap { faults($0) }
    #expect(found == [])
  }

  @Test func thereAreCommandsToLookAt() throws {
    let blocks = try Repository.documents.flatMap { try FencedBlock.all(in: $0) }
    let found = blocks.flatMap { commands($0).compactMap(\.arguments) }
    #expect(found.count > 40)
    #expect(found.contains(["scan", "."]))
    #expect(found.contains(["keys", "rotate", ShellCommands.standIn, "--overlap", "1d"]))
  }

  @Test func aWrongCommandIsNoticed() {
    let found = faults(
      block(
        "sh",
        [
          "cardea keys create shop --scope a  # --nonsense",
          "TOKEN=$(cardea keys create --name shop)",
          #"cardea keys verify <<<"$TOKEN" | grep -q 'a # "b' && cardea keys nonsense 2>log >&2"#,
          #"A=1 cardea keys revoke "${TOKEN%%:*}" \"#, "  --yes --eventually > file",
          "echo 'cardea nonsense'",
        ]))
    #expect(
      found == [
        "none:3: cardea keys create --name shop: unknown option '--name'",
        "none:4: cardea keys nonsense: unexpected argument 'nonsense'",
        "none:5: A=1 cardea keys revoke tok_ab12CD34 --yes --eventually: unknown option '--eventually'",
      ])
    let transcript = faults(block("console", ["$ cardea scan --store x .", "cardea 1 token"]))
    #expect(transcript == ["none:2: cardea scan --store x .: unknown option '--store'"])
  }

  @Test(arguments: ["cardea keys list", "$ cardea keys list"])
  func aCommandWhereNoneIsLookedForIsNoticed(_ line: String) {
    #expect(faults(block("", [line])) == ["none:2: \(line): its block is neither sh nor console"])
    #expect(faults(block("", ["cardea 0.1.0 listens"])) == [])
  }

  private func block(_ language: String, _ lines: [String]) -> FencedBlock {
    FencedBlock(document: "none", line: 1, language: language, mark: nil, lines: lines)
  }

  /// In a block of `console`, only what stands behind a prompt is a command.
  private func commands(_ block: FencedBlock) -> [ShellCommands.Command] {
    switch block.language {
    case "sh": ShellCommands(block.lines).commands
    case "console":
      ShellCommands(block.lines.map { $0.hasPrefix("$ ") ? String($0.dropFirst(2)) : "" }).commands
    default: []
    }
  }

  private func faults(_ block: FencedBlock) -> [String] {
    let place = { (line: Int) in "\(block.document):\(block.line + 1 + line)" }
    guard ["sh", "console"].contains(block.language) else {
      let command = /\s*(\$ )?cardea [a-z-]/
      return block.lines.enumerated().filter { $0.element.prefixMatch(of: command) != nil }.map {
        "\(place($0.offset)): \($0.element): its block is neither sh nor console"
      }
    }
    return commands(block).compactMap { command in
      command.arguments.flatMap { CardeaCommand.fault(in: $0) }
        .map { "\(place(command.line)): \(command): \($0)" }
    }
  }
}
