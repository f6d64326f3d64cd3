import Foundation
import Testing

/// Runs what the README shows in a shell, in a fresh folder, beside a server with a fresh store.
///
/// The shell has `cardea` as a command, the server's first key as `TOKEN` and the server's `address`, and ends
/// the server when it ends. `expect COMMAND TEXT SHOWN` fails unless `SHOWN` holds `TEXT`.
struct ReadmeShell {
  let status: Int32
  let output: String

  /// - Parameter settings: the server's environment.
  init(_ commands: String, settings: [String: String] = [:]) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "cardea-readme-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = folder.appending(path: "script")
    try Data((Self.prelude + commands).utf8).write(to: script)
    let written = folder.appending(path: "output")
    try Data().write(to: written)
    let log = try FileHandle(forWritingTo: written)
    let bash = Process()
    bash.executableURL = URL(filePath: "/usr/bin/env")
    bash.arguments = ["bash", script.path]
    bash.currentDirectoryURL = folder
    bash.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CARDEA_") }
      .merging(settings) { $1 }.merging(["CARDEA": try Self.program().path]) { $1 }
    bash.standardInput = FileHandle.nullDevice
    bash.standardOutput = log
    bash.standardError = log
    try bash.run()
    bash.waitUntilExit()
    status = bash.terminationStatus
    output = String(decoding: try Data(contentsOf: written), as: UTF8.self)
  }

  static func quoted(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: #"'\''"#) + "'"
  }

  /// A block's commands; one that ends in `# → text` must show that text.
  static func checked(_ block: FencedBlock) -> String {
    block.lines.map { line in
      let line = line.replacingOccurrences(of: "127.0.0.1:8420", with: "$address")
      guard let mark = line.range(of: "# → ") else { return "\(line)\n" }
      let command = line[..<mark.lowerBound].trimmingCharacters(in: .whitespaces)
      let expected = line[mark.upperBound...].trimmingCharacters(in: .whitespaces)
      return """
        shown=$(\(command) 2>&1) || true
        expect \(quoted(command)) \(quoted(expected)) "$shown"

        """
    }.joined()
  }

  /// The `cardea` that was built with this test.
  private static func program() throws -> URL {
    var folders = [Repository.root.appending(path: ".build/debug")]
    if let own = ProcessInfo.processInfo.arguments.first {
      folders.insert(URL(filePath: own).deletingLastPathComponent(), at: 0)
    }
    let programs = folders.map { $0.appending(path: "cardea") }
    return try #require(
      programs.first { FileManager.default.isExecutableFile(atPath: $0.path) },
      "there is no cardea executable in \(folders.map(\.path))")
  }

  private static let prelude = #"""
    set -euo pipefail
    export CARDEA_STORE_URL=sqlite:cardea.sqlite3
    cardea() { "$CARDEA" "$@"; }
    mkfifo log
    "$CARDEA" serve --port 0 --init >token 2>log &
    server=$!
    finish() { kill "$server" 2>/dev/null || true; wait "$server"; }
    trap finish EXIT
    exec 3<log
    address=
    while [ -z "$address" ] && IFS= read -r line <&3; do
      echo "$line"
      case "$line" in *' listens on http://'*) address=${line##*http://} address=${address%% *} ;; esac
    done
    [ -n "$address" ] || { echo 'the server did not start'; exit 1; }
    cat <&3 &
    TOKEN=$(cat token)
    expect() {
      case "$3" in
        *"$2"*) ;;
        *) printf 'the README says that %s shows %s; it shows:\n%s\n' "$1" "$2" "$3"; exit 1 ;;
      esac
    }

    """#
}
