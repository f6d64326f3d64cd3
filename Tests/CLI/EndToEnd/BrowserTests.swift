import Foundation
import Testing

#if os(Linux)
  /// The admin page in a real browser: every flow with JavaScript and without, hostile texts everywhere (A5), forms of
  /// other pages and names of others (A4), by keyboard alone, and what axe-core says of each page in light, dark and on a
  /// phone. Screenshots go to `artefacts/page`.
  ///
  /// The steps are in `scripts/browser/page_flows.py`.
  @Suite(.serialized) struct BrowserTests {
    private static let repository = URL(filePath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()

    private func axe() throws -> String {
      let lib = Self.repository.appending(path: ".build-schemathesis/lib")
      let pythons = try FileManager.default.contentsOfDirectory(atPath: lib.path)
      let files = pythons.map {
        lib.appending(path: "\($0)/site-packages/axe_core_python/axe.min.js").path
      }
      return try #require(
        files.first { FileManager.default.fileExists(atPath: $0) },
        "there is no axe-core; scripts/setup test installs it")
    }

    @Test(.timeLimit(.minutes(30))) func thePageWorksInABrowser() throws {
      let program = try CardeaProgram()
      let server = try RunningServer(
        program, ["--init", "--store", "sqlite:\(program.path("keys.sqlite3"))"],
        // So that something is given up on while somebody looks.
        environment: ["CARDEA_WEBHOOKS_RETRY_FOR": "1s"])
      try program.write(server.out, to: "admin.token")
      let written = program.folder.appending(path: "browser.log")
      try Data().write(to: written)
      let log = try FileHandle(forWritingTo: written)
      let process = Process()
      // Whatever hangs ends, and says how far it came.
      process.executableURL = URL(filePath: "/usr/bin/timeout")
      process.arguments = [
        "-k", "10", "1500", "/usr/bin/python3",
        Self.repository.appending(path: "scripts/browser/page_flows.py").path, server.address,
        program.path("admin.token"), Self.repository.appending(path: "artefacts/page").path,
        try axe(),
      ]
      process.currentDirectoryURL = program.folder
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = log
      process.standardError = log
      try process.run()
      process.waitUntilExit()
      let output = String(decoding: try Data(contentsOf: written), as: UTF8.self)
      #expect(process.terminationStatus == 0, "\(output)")
      // All of it was tried.
      let checks = try #require(output.firstMatch(of: /(\d+) checks/), "\(output)")
      #expect(try #require(Int(checks.1)) > 300)
      #expect(server.stop() == 0)
    }
  }
#endif
