import CardeaContracts
import CardeaTestSupport
import Foundation
import Testing

/// The proxies that Debian packages and the suite runs.
enum ProxyKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case nginx, caddy

  var testDescription: String { rawValue }

  /// Where the repository keeps its configuration.
  static let deploy = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy")
}

/// A real nginx or Caddy with the configuration of `deploy/`, in which addresses and folders are replaced and
/// nothing else.
// @unchecked: `Process` may be signalled from any thread; the rest never changes.
final class RunningProxy: @unchecked Sendable {
  let port: Int
  private let process: Process
  private let folder: URL
  private let log: Locked<String>

  /// Starts it and waits until it serves.
  /// - Parameters:
  ///   - service: the port of the service behind it.
  ///   - authorizer: the port of what it asks.
  convenience init(_ kind: ProxyKind, service: Int, authorizer: Int) throws {
    try self.init(kind, service: service, authorizer: "127.0.0.1:\(authorizer)")
  }

  /// - Parameter socket: the path of the Unix domain socket of what it asks.
  convenience init(_ kind: ProxyKind, service: Int, socket: String) throws {
    let address =
      switch kind {
      case .nginx: "unix:\(socket)"
      case .caddy: "unix/\(socket)"
      }
    try self.init(kind, service: service, authorizer: address)
  }

  private init(_ kind: ProxyKind, service: Int, authorizer: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "cardea-proxy-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.folder = folder
    // Between looking for a free port and listening on it, somebody else may take it.
    for _ in 0..<10 {
      let port = try Loopback.freePort()
      let addresses = [
        "127.0.0.1:8420": authorizer, "127.0.0.1:3000": "127.0.0.1:\(service)",
      ]
      let started =
        switch kind {
        case .nginx: try RunningProxy.nginx(folder, port, addresses)
        case .caddy: try RunningProxy.caddy(folder, port, addresses)
        }
      guard let (process, log) = started else { continue }
      (self.process, self.log, self.port) = (process, log, port)
      return
    }
    try? FileManager.default.removeItem(at: folder)
    throw ProxyError.doesNotStart("no port could be listened on")
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: folder)
  }

  /// What it wrote so far.
  var output: String { log.withLock { $0 } }

  /// A client of it that waits for answers as browsers do.
  func client(from source: String? = nil) -> HTTPClient {
    HTTPClient(port: port, source: source, closesItsHalf: false)
  }

  private static func nginx(
    _ folder: URL, _ port: Int, _ addresses: [String: String]
  ) throws -> (Process, Locked<String>)? {
    let own = folder.path
    let cardea = folder.appending(path: "cardea")
    try FileManager.default.createDirectory(at: cardea, withIntermediateDirectories: true)
    let include = ["/etc/nginx/cardea/": "\(cardea.path)/"]
    for (name, changes) in [
      (
        "service.conf",
        addresses.merging(include) { $1 }.merging(["listen 80;": "listen 127.0.0.1:\(port);"]) {
          $1
        }
      ),
      ("cardea/server.conf", include), ("cardea/pass.conf", [:]),
    ] {
      try copy("nginx/\(name)", to: folder.appending(path: name), replacing: changes)
    }
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(own)/\($0);" }.joined(separator: " ")
    // Its worker is who opens a socket of Cardea's, which admits Cardea's own group alone.
    let user = geteuid() == 0 ? "user root root;" : ""
    let main = """
      \(user)
      pid \(own)/nginx.pid;
      error_log stderr notice;
      daemon off;
      worker_processes 1;
      events {}
      http { access_log off; \(temporary) include \(own)/service.conf; }
      """
    try Data(main.utf8).write(to: folder.appending(path: "nginx.conf"))
    return try start(
      "nginx", ["-p", own, "-e", "stderr", "-c", "\(own)/nginx.conf"], in: folder,
      ready: "start worker process ", taken: "Address already in use")
  }

  private static func caddy(
    _ folder: URL, _ port: Int, _ addresses: [String: String]
  ) throws -> (Process, Locked<String>)? {
    let changes = addresses.merging(["service.example {": "http://:\(port) {"]) { $1 }
    try copy("caddy/Caddyfile", to: folder.appending(path: "service"), replacing: changes)
    let main = """
      {
        admin off
        auto_https off
        default_bind 127.0.0.1
        storage file_system \(folder.path)/storage
      }
      import service

      """
    try Data(main.utf8).write(to: folder.appending(path: "Caddyfile"))
    return try start(
      "caddy", ["run", "--config", "Caddyfile", "--adapter", "caddyfile"], in: folder,
      ready: "serving initial configuration", taken: "address already in use")
  }

  private static func copy(
    _ name: String, to file: URL, replacing changes: [String: String]
  ) throws {
    var text = try String(contentsOf: ProxyKind.deploy.appending(path: name), encoding: .utf8)
    for (old, new) in changes {
      guard text.contains(old) else { throw ProxyError.notInConfiguration("\(name): \(old)") }
      text = text.replacingOccurrences(of: old, with: new)
    }
    try Data(text.utf8).write(to: file)
  }

  /// Starts a program and reads what it writes until it is ready; `nil` if its port was taken meanwhile.
  private static func start(
    _ name: String, _ arguments: [String], in folder: URL, ready: String, taken: String
  ) throws -> (Process, Locked<String>)? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.currentDirectoryURL = folder
    var environment = ProcessInfo.processInfo.environment
    environment["PATH", default: "/usr/bin:/bin"] += ":/usr/sbin:/sbin"
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
      environment[variable] = folder.path
    }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardError = pipe
    try process.run()
    try pipe.fileHandleForWriting.close()
    var written = ""
    while !written.contains(ready) {
      let data = pipe.fileHandleForReading.availableData
      if data.isEmpty {
        process.waitUntilExit()
        if written.contains(taken) { return nil }
        throw ProxyError.doesNotStart("\(name) (is it installed? scripts/setup test): \(written)")
      }
      written += String(decoding: data, as: UTF8.self)
    }
    let log = Locked(written)
    // Read on, so that the pipe never fills up.
    Thread.detachNewThread {
      while true {
        let data = pipe.fileHandleForReading.availableData
        if data.isEmpty { break }
        log.withLock { $0 += String(decoding: data, as: UTF8.self) }
      }
    }
    return (process, log)
  }
}

enum ProxyError: Error {
  case doesNotStart(String)
  case notInConfiguration(String)
}
