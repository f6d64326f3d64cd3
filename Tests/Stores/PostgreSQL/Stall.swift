import Foundation

/// A transaction of another program that holds the locks that a statement takes, until it is ended.
final class Stall: Sendable {
  struct Refused: Error { let statement: String }

  private let input = Pipe()
  private let output = Pipe()
  private let process: Process

  /// - Parameter statement: a `SELECT` that gives a row.
  init(_ statement: String, _ database: TestDatabase) throws {
    process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "psql", "-X", "-v", "ON_ERROR_STOP=1", "-q", "-A", "-t", "-d",
      database.url().prefix { $0 != "?" } + "",
    ]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    try send("BEGIN; \(statement);")
    // Nothing but its end, and what it said on stderr, tells that it was refused.
    if output.fileHandleForReading.availableData.isEmpty { throw Refused(statement: statement) }
  }

  private func send(_ text: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data("\(text)\n".utf8))
  }

  func end() throws {
    try send("ROLLBACK;")
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
