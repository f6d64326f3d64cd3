import CardeaContracts
import Foundation

/// A `store-writer` process (Tests/StoreWriter) whose lines are read as they come.
///
/// Threading: one thread at a time reads, and blocks; the rest from any thread.
final class ChildProcess: Sendable {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  private let process = Process()
  private let output = Pipe()
  private let buffer = Locked(Data())

  /// - Parameters:
  ///   - words: the command and its arguments.
  ///   - tracer: a program and its arguments that run the writer, such as `strace`.
  init(_ words: String..., tracer: [String] = []) throws {
    let command = tracer + [try ChildProcess.writer()] + words
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = output
    try process.run()
    try output.fileHandleForWriting.close()
  }

  deinit {
    kill()
    process.waitUntilExit()
  }

  /// The next complete line; `nil` at the end of the output.
  func nextLine() throws -> String? {
    while true {
      let line = buffer.withLock { buffer -> String? in
        guard let end = buffer.firstIndex(of: 0x0A) else { return nil }
        defer { buffer.removeSubrange(buffer.startIndex...end) }
        return String(decoding: buffer[buffer.startIndex..<end], as: UTF8.self)
      }
      if let line { return line }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      buffer.withLock { $0.append(more) }
    }
  }

  /// Every line until the process ends.
  func remainingLines() throws -> [String] {
    var lines: [String] = []
    while let line = try nextLine() { lines.append(line) }
    process.waitUntilExit()
    return lines
  }

  /// SIGKILL, unless it has ended: the process gets no chance to flush, finish or close anything.
  func kill() {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
  }

  /// The executable, built beside the test bundle.
  private static func writer() throws -> String {
    var folders = [Bundle.main.bundleURL, URL(fileURLWithPath: CommandLine.arguments[0])]
    if let executable = Bundle.main.executableURL { folders.append(executable) }
    for folder in folders {
      for candidate in [folder, folder.deletingLastPathComponent()] {
        let path = candidate.appendingPathComponent("store-writer").path
        if FileManager.default.isExecutableFile(atPath: path) { return path }
      }
    }
    throw Missing(description: "store-writer was not built beside \(CommandLine.arguments[0])")
  }
}
