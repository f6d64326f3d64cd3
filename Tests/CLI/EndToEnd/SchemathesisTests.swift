import Foundation
import Testing

/// What the running server answers is what `openapi.yaml` says: statuses, media types, header fields and bodies, to
/// requests as the description allows them and as it does not.
///
/// `make openapi` sends more of them.
@Suite(.serialized) struct SchemathesisTests {
  private static let repository = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private struct Run {
    let status: Int32
    let output: String
  }

  /// - Parameter description: a path of the description, which may be another than the server's own.
  private func run(
    _ program: CardeaProgram, _ server: RunningServer, _ description: String, examples: Int,
    _ more: [String] = []
  ) throws -> Run {
    let scripts = Self.repository.appending(path: "scripts/schemathesis")
    let schemathesis = Self.repository.appending(path: ".build-schemathesis/bin/schemathesis")
    try #require(
      FileManager.default.isExecutableFile(atPath: schemathesis.path),
      "there is no schemathesis; scripts/setup test installs it")
    let environment = ProcessInfo.processInfo.environment
    let process = Process()
    process.executableURL = schemathesis
    process.arguments =
      [
        "--config-file", scripts.appending(path: "schemathesis.toml").path, "run", description,
        "--url", server.address, "--seed", environment["CARDEA_OPENAPI_SEED"] ?? "1",
        "--max-examples", "\(examples)", "--no-color",
      ] + more
    process.currentDirectoryURL = program.folder
    let cardea = try #require(program.process([]).executableURL)
    process.environment = environment.filter { !$0.key.hasPrefix("CARDEA_") }.merging([
      "CARDEA": cardea.path, "CARDEA_STORE_URL": "sqlite:\(program.path("keys.sqlite3"))",
      "SCHEMATHESIS_HOOKS": "hooks", "PYTHONDONTWRITEBYTECODE": "1",
      "PYTHONPATH": scripts.path,
    ]) { $1 }
    let written = program.folder.appending(path: "schemathesis.log")
    try Data().write(to: written)
    let log = try FileHandle(forWritingTo: written)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = log
    process.standardError = log
    try process.run()
    process.waitUntilExit()
    return Run(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: written), as: UTF8.self))
  }

  private func server(_ program: CardeaProgram) throws -> RunningServer {
    try RunningServer(
      program, ["--init", "--store", "sqlite:\(program.path("keys.sqlite3"))"])
  }

  @Test(.timeLimit(.minutes(60))) func theServerAnswersAsDescribed() throws {
    let program = try CardeaProgram()
    let server = try server(program)
    let asked = ProcessInfo.processInfo.environment["CARDEA_OPENAPI_EXAMPLES"].flatMap { Int($0) }
    // /auth takes every method, by the same handler.
    let methods = asked == nil ? ["--exclude-method-regex", "(?i)^(PUT|OPTIONS|TRACE)$"] : []
    // A stream of signals has no end that could be waited for.
    let run = try run(
      program, server, Self.repository.appending(path: "openapi.yaml").path,
      examples: asked ?? 4, methods + ["--exclude-path", "/v1/signals"])
    #expect(run.status == 0, "\(run.output)")
    // All of it was tried.
    let selected = try #require(run.output.firstMatch(of: /Selected: (\d+)\//))
    let tested = try #require(run.output.firstMatch(of: /Tested: (\d+)/))
    #expect(selected.1 == tested.1)
    #expect(try #require(Int(tested.1)) > 50)
    let cases = try #require(run.output.firstMatch(of: /(\d+) generated, (\d+) passed/))
    #expect(cases.1 == cases.2)
    #expect(try #require(Int(cases.1)) > 1_000)
    #expect(server.stop() == 0)
  }

  /// Each of these descriptions is wrong in one place, which has to be noticed.
  @Test(arguments: [
    ("GET /v1/self", "created_by: {type: string}", "created_by: {type: integer}"),
    ("GET /v1/self", "application/json: {schema:", "application/xml: {schema:"),
    ("GET /v1/self", "{const: nosniff}", "{const: sniff}"),
    ("GET /v1/keys", "\n        '400': {$ref: '#/components/responses/BadRequest'}", ""),
  ])
  func aWrongDescriptionIsNoticed(_ call: String, _ right: String, _ wrong: String) throws {
    let program = try CardeaProgram()
    let server = try server(program)
    let text = String(
      decoding: try Data(contentsOf: Self.repository.appending(path: "openapi.yaml")),
      as: UTF8.self)
    try #require(text.contains(right))
    try program.write(text.replacingOccurrences(of: right, with: wrong), to: "openapi.yaml")
    let run = try run(
      program, server, program.path("openapi.yaml"), examples: 2,
      ["--include-name", call, "--phases", "coverage,fuzzing"])
    #expect(run.status == 1, "\(run.output)")
    #expect(run.output.contains("Failures:"), "\(run.output)")
  }
}
