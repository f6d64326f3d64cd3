import Foundation
import Testing

/// The commands that the README shows do what it says they do: they are run, in its order, in one shell.
@Suite struct ReadmeRunTests {
  @Test(.timeLimit(.minutes(2))) func theCommandsDoWhatTheReadmeSays() throws {
    let blocks = try FencedBlock.all(in: "README.md").filter { $0.mark == "run" }
    try #require(blocks.count >= 2, "the README shows no commands to run")
    let shell = try ReadmeShell(blocks.map(ReadmeShell.checked).joined())
    #expect(shell.status == 0, "\(shell.output)")
  }

  @Test(.timeLimit(.minutes(2))) func aCommandThatShowsSomethingElseIsNoticed() throws {
    let block = FencedBlock(
      document: "none", line: 1, language: "sh", mark: "run",
      lines: [#"curl -i "http://127.0.0.1:8420/auth"  # → HTTP/1.1 200"#])
    let shell = try ReadmeShell(ReadmeShell.checked(block))
    #expect(shell.status == 1)
    #expect(shell.output.contains("HTTP/1.1 401"))
  }
}
