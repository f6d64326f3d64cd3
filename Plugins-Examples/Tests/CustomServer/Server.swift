import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// `custom-server serve` as a process of its own, on a port that it chose.
final class Server {
  struct NotStarted: Error { let errors: String }

  private let process: Process
  private let address: String

  init(config: String) throws {
    process = try Program.make(["serve", "--config", config, "--port", "0"])
    let errors = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    // It says where it listens once it does; if it ends instead, so does the pipe.
    var said = ""
    while true {
      let data = errors.fileHandleForReading.availableData
      said += String(decoding: data, as: UTF8.self)
      if let address = Server.address(in: said) {
        self.address = address
        return
      }
      if data.isEmpty { throw NotStarted(errors: said) }
    }
  }

  private static func address(in text: String) -> String? {
    guard let start = text.range(of: "listens on http://"),
      let end = text[start.upperBound...].firstIndex(of: " ")
    else { return nil }
    return "http://\(text[start.upperBound..<end])"
  }

  /// The status of `/auth` for a request with this cookie.
  func status(cookie: String) async throws -> Int {
    guard let url = URL(string: "\(address)/auth") else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    request.httpShouldHandleCookies = false
    request.setValue(cookie, forHTTPHeaderField: "Cookie")
    let session = URLSession(configuration: .ephemeral)
    defer { session.invalidateAndCancel() }
    let (_, response) = try await session.data(for: request)
    return (response as? HTTPURLResponse)?.statusCode ?? 0
  }

  /// Asks it to end and waits until it has; its exit status.
  func stop() -> Int32 {
    process.terminate()
    process.waitUntilExit()
    return process.terminationStatus
  }

  deinit { if process.isRunning { process.terminate() } }
}
