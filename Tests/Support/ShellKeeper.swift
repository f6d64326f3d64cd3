import CardeaContracts
import Foundation

/// A shell that keeps servers for the tests: it runs lines that it is sent, and cleans up after itself when this
/// process ends, however that happens.
///
/// What it keeps is described by a script of functions, which is followed by a loop that reads lines. The script
/// has the folder as `$folder`; its function `clean` is called at the end, before the folder is removed.
final class ShellKeeper: Sendable {
  /// A line that did not succeed, with everything that it said.
  struct Failure: Error, CustomStringConvertible {
    let line: String
    let said: String
    var description: String { "\(line): \(said)" }
  }

  /// The shell reads it to its end, which is this process's too.
  private let lifeline = Pipe()
  private let answers = Pipe()
  private let process = Process()
  /// One line at a time.
  private let turn = Locked(())

  private static let loop = """
    folder=$1
    cd "$folder" || exit 1
    trap 'clean >/dev/null 2>&1; rm -rf "$folder"' EXIT
    while read -r line; do
      if eval "$line" >"$folder/said" 2>&1 </dev/null; then echo '<done>'; else
        cat "$folder/said"
        echo '<failed>'
      fi
    done
    """

  /// - Parameters:
  ///   - folder: a new one; it is removed at the end.
  ///   - script: functions in the language of `sh`.
  init(folder: String, script: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", script + "\n" + ShellKeeper.loop, "sh", folder]
    process.standardInput = lifeline
    process.standardOutput = answers
    try process.run()
    // Else a shell that has died would never be noticed.
    try answers.fileHandleForWriting.close()
  }

  /// Ends it and waits until everything is gone.
  deinit {
    try? lifeline.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Runs one line, whose end must be good.
  func run(_ line: String) throws {
    try turn.withLock { _ in
      try lifeline.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
      var text = ""
      while !text.hasSuffix("<done>\n") && !text.hasSuffix("<failed>\n") {
        let data = answers.fileHandleForReading.availableData
        if data.isEmpty { throw Failure(line: line, said: "the shell has ended. \(text)") }
        text += String(decoding: data, as: UTF8.self)
      }
      if text.hasSuffix("<failed>\n") { throw Failure(line: line, said: text) }
    }
  }

  /// A word of a line, whatever is in it.
  static func quoted(_ word: String) -> String {
    "'" + word.replacingOccurrences(of: "'", with: #"'\''"#) + "'"
  }
}
