import Foundation

/// A program that the tests need and the machine has.
public enum Tool {
  /// It ended badly, and this is what it said.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Runs it to its end, which must be good; what it wrote to stdout.
  @discardableResult
  public static func run(
    _ name: String, _ arguments: [String], input: String = ""
  ) throws -> String {
    // Files, not pipes: nothing can fill up.
    let id = UUID().uuidString
    let scratch = FileManager.default.temporaryDirectory
    let files = ["in", "out", "err"].map { scratch.appending(path: "tool-\(id).\($0)") }
    defer { for file in files { try? FileManager.default.removeItem(at: file) } }
    try Data(input.utf8).write(to: files[0])
    for file in files[1...] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let complaint = String(decoding: try Data(contentsOf: files[2]), as: UTF8.self)
      throw Failure(description: "\(name): \(complaint)")
    }
    return String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
  }
}
