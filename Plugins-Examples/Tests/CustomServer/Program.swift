import Foundation

/// Runs the custom server's executable, which stands beside the tests.
struct Program {
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  struct Missing: Error {}

  private static let executable: URL? = {
    let beside = [Bundle.main.bundleURL] + Bundle.allBundles.map { $0.bundleURL }
    return beside.flatMap { [$0, $0.deletingLastPathComponent()] }
      .map { $0.appending(path: "custom-server") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path(percentEncoded: false)) }
  }()

  /// Runs a command to its end.
  static func run(_ arguments: String...) throws -> Result {
    let process = try make(arguments)
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Both hold far less than a pipe does.
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: try text(output), errors: try text(errors))
  }

  static func make(_ arguments: [String]) throws -> Process {
    guard let executable else { throw Missing() }
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("CARDEA_")
    }
    return process
  }

  private static func text(_ pipe: Pipe) throws -> String {
    String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  }
}
