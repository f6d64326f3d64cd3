import Foundation

/// An nginx of the benchmarks' own: one worker, everything of it below one folder, and Cardea in front of a server as
/// `deploy/` has it.
struct NginxConfiguration {
  private let folder: URL
  private let includes: URL

  /// - Parameter deploy: what is taken from there differs in addresses and folders alone.
  init(folder: URL, deploy: URL) throws {
    self.folder = folder
    includes = folder.appendingPathComponent("cardea")
    try FileManager.default.createDirectory(at: includes, withIntermediateDirectories: true)
    for name in ["server.conf", "pass.conf"] {
      let text = try String(
        contentsOf: deploy.appendingPathComponent("nginx/cardea/\(name)"), encoding: .utf8)
      try text.replacingOccurrences(of: "/etc/nginx/cardea/", with: includes.path + "/")
        .write(to: includes.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
  }

  /// What a location includes that passes requests on.
  var pass: String { "include \(includes.path)/pass.conf;" }

  /// Has a Cardea asked about every request of a server. Each in a file of its own, so that who is asked can be named
  /// differently in each.
  func guarded(by upstream: String) throws -> String {
    let name = "guard-\(upstream).conf"
    let text = try String(
      contentsOf: includes.appendingPathComponent("server.conf"), encoding: .utf8)
    try text.replacingOccurrences(of: "http://cardea/", with: "http://\(upstream)/")
      .write(to: includes.appendingPathComponent(name), atomically: true, encoding: .utf8)
    return "include \(includes.path)/\(name);"
  }

  /// Has any upstream asked about every request of a server.
  static func asking(_ upstream: String) -> String {
    """
    auth_request /_ask;
    location = /_ask { internal; auth_request off; proxy_pass http://\(upstream)/; proxy_http_version 1.1; \
    proxy_pass_request_body off; proxy_set_header Connection ""; proxy_set_header Content-Length ""; }
    """
  }

  static func server(_ port: Int, _ lines: String) -> String {
    "server { listen 127.0.0.1:\(port); keepalive_requests 1000000000; \(lines) }"
  }

  static func upstream(_ name: String, _ port: Int) -> String {
    "upstream \(name) { server 127.0.0.1:\(port); keepalive 32; keepalive_requests 1000000000; }"
  }

  /// - Parameter lines: what stands in `http { }`.
  func start(_ lines: [String]) throws -> Process {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: " ")
    let main = """
      \(geteuid() == 0 ? "user root root;" : "")
      pid \(folder.path)/nginx.pid;
      error_log stderr crit;
      daemon off;
      worker_processes 1;
      events { worker_connections 1024; }
      http { access_log off; \(temporary)
      \(lines.joined(separator: "\n"))
      }
      """
    let path = folder.appendingPathComponent("nginx.conf")
    try main.write(to: path, atomically: true, encoding: .utf8)
    return try Programs.start(
      "/usr/bin/env", ["nginx", "-p", folder.path, "-e", "stderr", "-c", path.path])
  }
}
