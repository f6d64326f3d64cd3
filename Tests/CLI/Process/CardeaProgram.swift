import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The built `cardea`, run as a process of its own in an empty folder that goes with this value.
final class CardeaProgram: Sendable {
  /// The folder that the program runs in.
  let folder: URL

  struct Result {
    let status: Int32
    let out: String
    let err: String

    /// The lines of stdout, without the empty one behind the last line's end.
    var lines: [String] {
      var lines = out.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      if lines.last == "" { lines.removeLast() }
      return lines
    }

    var json: [String: Any]? {
      try? JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any]
    }

    var problem: [String: Any]? {
      try? JSONSerialization.jsonObject(with: Data(err.utf8)) as? [String: Any]
    }
  }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(
      path: "cardea-cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appending(path: name)) }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  /// The program beside the test bundle, unless `CARDEA_PROGRAM` names another: one that was built for release.
  private static func executable() throws -> URL {
    if let named = ProcessInfo.processInfo.environment["CARDEA_PROGRAM"] {
      return URL(filePath: named)
    }
    var folders = Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
    folders.append(Bundle.main.bundleURL)
    let own = CommandLine.arguments.first.map { URL(filePath: $0).deletingLastPathComponent() }
    folders += own.map { [$0] } ?? []
    return try #require(
      folders.map { $0.appending(path: "cardea") }.first {
        FileManager.default.isExecutableFile(atPath: $0.path)
      }, "the cardea executable is not beside the test bundle")
  }

  /// A process that is ready to run, with nothing of ours in its environment but `environment`.
  func process(_ arguments: [String], environment: [String: String] = [:]) throws -> Process {
    let process = Process()
    process.executableURL = try CardeaProgram.executable()
    process.arguments = arguments
    process.currentDirectoryURL = folder
    var clean = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CARDEA_") }
    clean.merge(environment) { $1 }
    process.environment = clean
    return process
  }

  /// Runs the program to its end.
  func run(
    _ arguments: String..., input: String = "", environment: [String: String] = [:]
  ) throws -> Result {
    try run(arguments, input: input, environment: environment)
  }

  func run(
    _ arguments: [String], input: String = "", environment: [String: String] = [:]
  ) throws -> Result {
    // Files, not pipes: nothing can fill up.
    let id = UUID().uuidString
    let scratch = FileManager.default.temporaryDirectory
    let files = ["in", "out", "err"].map { scratch.appending(path: "cardea-\(id).\($0)") }
    defer { for file in files { try? FileManager.default.removeItem(at: file) } }
    try Data(input.utf8).write(to: files[0])
    try Data().write(to: files[1])
    try Data().write(to: files[2])
    let process = try process(arguments, environment: environment)
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationReason == .exit ? process.terminationStatus : -1,
      out: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
      err: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
  }
}
