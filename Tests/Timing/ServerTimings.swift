import Cardea
import Foundation

/// T3: `cardea serve` over loopback, asked once and by eight connections with the same request at once.
enum ServerTimings {
  static func all(cardea: String, seed: UInt64) async throws -> [Comparison] {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "cardea-timing-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let pepper = folder.appending(path: "pepper")
    try Data(repeating: 0x61, count: 64).write(to: pepper)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pepper.path)
    let environment = [
      "CARDEA_STORE_URL": "sqlite:\(folder.appending(path: "keys.sqlite3").path)",
      "CARDEA_HASH_PREFERRED": "hmac_sha256", "CARDEA_HASH_PEPPER_FILES": "v1=\(pepper.path)",
      // Every guess goes the whole way.
      "CARDEA_LIMITS_FAILED_PER_ADDRESS": "off",
      "CARDEA_LIMITS_FAILED_PER_PREFIX_AND_ADDRESS": "off", "CARDEA_CACHE_WRONG_ENTRIES": "0",
    ]
    let token = try run(cardea, ["init"], environment)
    let server = Process()
    server.executableURL = URL(filePath: cardea)
    server.arguments = ["serve", "--port", "0"]
    server.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    server.standardOutput = FileHandle.nullDevice
    let log = Pipe()
    server.standardError = log
    try server.run()
    defer { server.terminate() }
    let port = try port(readFrom: log.fileHandleForReading)

    var rows: [Comparison] = []
    for (name, connections, samples) in [("once", 1, 60_000), ("8 at once", 8, 20_000)] {
      for (first, second) in [
        (Guess.wrongFirst, Guess.wrongLast), (.wrongFirst, .wrongThroughout),
        (.wrongFirst, .wrongFirst),
      ] {
        let id = first == second ? "control" : "T3"
        var coin = Coin(state: seed)
        let sockets = try (0..<connections).map { _ in try Connection(port: port) }
        rows.append(
          try await Comparison(
            "\(id) \(name): \(first) | \(second)", samples: samples, seed: seed
          ) { isSecond in
            let guess = Guess.token(token, isSecond: isSecond, of: (first, second), &coin)
            let request = Array("GET /auth HTTP/1.1\r\nHost: a\r\nX-API-Key: \(guess)\r\n\r\n".utf8)
            let began = nanoseconds()
            for socket in sockets { try socket.send(request) }
            for socket in sockets {
              let status = try socket.status()
              guard status == 401 else { throw TimingFault(text: "\(status) in place of 401") }
            }
            return nanoseconds() - began
          })
      }
    }
    return rows
  }

  /// A program's output, without its last line's end.
  private static func run(
    _ program: String, _ arguments: [String], _ environment: [String: String]
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let out = Pipe()
    process.standardOutput = out
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw TimingFault(text: "\(program) \(arguments.joined(separator: " ")) failed")
    }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The port in the server's ready line: `… listens on http://127.0.0.1:PORT (Ctrl-C ends it)`.
  private static func port(readFrom log: FileHandle) throws -> UInt16 {
    var written = ""
    while !written.contains("(Ctrl-C ends it)") {
      let data = log.availableData
      if data.isEmpty { throw TimingFault(text: "cardea serve did not start: \(written)") }
      written += String(decoding: data, as: UTF8.self)
    }
    log.readabilityHandler = { _ = $0.availableData }
    let address = written.split(separator: " (Ctrl-C").first?.split(separator: ":").last
    guard let port = address.flatMap({ UInt16($0) }) else {
      throw TimingFault(text: "no port in: \(written)")
    }
    return port
  }
}
