import BenchSupport
import Foundation

/// All peers, started and warm: three Django packages in one project on PostgreSQL, nginx on its own, and Cardea.
final class PeerStage {
  private(set) var peers: [Peer] = []
  private let folder: Folder
  private let database: PostgreSQLServer
  private var processes: [Process] = []

  private enum Port {
    static let postgreSQL = 8480
    static let gunicorn = 8481
    static let cardea = 8482
    static let keyedDigest = 8483
    static let authorizer = 8484
    static let empty = 8485
    static let unguarded = 8486
    static let map = 8487
    static let allowed = 8488
    static let denied = 8489
    static let guarded = 8490
    static let allows = 8491
    static let denies = 8492
  }

  /// What `keys.py` prints.
  private struct Keys: Decodable {
    let path: String
    let header: String
    let valid: [String]
    let wrong: [String]
    let malformed: String
  }

  init(venv: String, project: String, cardea: String, empty: String, deploy: URL) throws {
    print("\nPeers: starting PostgreSQL, gunicorn, nginx and Cardea …")
    folder = try Folder("peers")
    database = try PostgreSQLServer(port: Port.postgreSQL)
    do {
      try startCardea(cardea, deploy)
      try startDjango(venv, project)
      processes.append(try Programs.start(empty, ["\(Port.empty)"]))
      try addFloor("empty Hummingbird handler", Port.empty, processes.last)
      for peer in peers { try check(peer) }
      guard processes.allSatisfy(\.isRunning) else {
        throw BenchError.failed("a server has ended: its port may be taken")
      }
    } catch {
      end()
      throw error
    }
  }

  func end() {
    for process in processes {
      process.terminate()
      process.waitUntilExit()
    }
    processes = []
    folder.remove()
  }

  private func startDjango(_ venv: String, _ project: String) throws {
    try database.query("CREATE DATABASE peers")
    let environment = [
      "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": project,
      "PEERS_DATABASE_PORT": "\(Port.postgreSQL)", "PYTHONDONTWRITEBYTECODE": "1",
    ]
    let made = try Programs.output("\(venv)/bin/python", ["\(project)/keys.py"], environment)
    let all = try JSONDecoder().decode([Keys].self, from: Data(made.utf8))
    let gunicorn = try Programs.start(
      "\(venv)/bin/gunicorn",
      [
        "--config", "\(project)/gunicorn.conf.py", "--bind", "127.0.0.1:\(Port.gunicorn)",
        "django.core.wsgi:get_wsgi_application()",
      ], environment)
    processes.append(gunicorn)
    let pids = [gunicorn.processIdentifier] + (database.pid.map { [$0] } ?? [])
    let names = [
      "keysmith": "django-keysmith", "api-key": "djangorestframework-api-key",
      "token": "DRF TokenAuthentication",
    ]
    let url = "http://127.0.0.1:\(Port.gunicorn)"
    for keys in all {
      peers.append(
        Peer(
          name: names[keys.path] ?? keys.path, url: "\(url)/\(keys.path)", header: keys.header,
          valid: keys.valid, wrong: keys.wrong, malformed: [keys.malformed], processes: pids))
    }
    peers.append(
      Peer(
        name: "DRF view that nobody guards", url: "\(url)/open", header: "X-Nothing", valid: ["1"],
        processes: pids))
  }

  /// Cardea as it is after `cardea init`; with a fast hash and no limits, so that every wrong secret is judged; and asked by
  /// nginx, beside what else nginx can do.
  private func startCardea(_ cardea: String, _ deploy: URL) throws {
    let pepper = folder.path("pepper")
    try Data((0..<32).map { _ in UInt8.random(in: 33...126) }).write(
      to: URL(fileURLWithPath: pepper))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pepper)
    try addCardea("Cardea", cardea, Port.cardea, [:])
    try addCardea(
      "Cardea, hmac_sha256, no limits", cardea, Port.keyedDigest,
      [
        "CARDEA_HASH_PREFERRED": "hmac_sha256", "CARDEA_HASH_PEPPER_FILES": "v1=\(pepper)",
        "CARDEA_LIMITS_FAILED_PER_ADDRESS": "off",
        "CARDEA_LIMITS_FAILED_PER_PREFIX_AND_ADDRESS": "off",
      ])
    try addCardea(
      "Cardea behind nginx", cardea, Port.authorizer,
      ["CARDEA_SERVER_TRUSTED_PROXIES": "127.0.0.1/32"])
    let behind = peers.removeLast()

    let inClear = (0..<10_000).map { FloodTokens.token(prefix: String(format: "tok_%08d", $0)) }
    let nginx = try startNginx(deploy, inClear)
    peers.append(
      Peer(
        name: behind.name, url: url(Port.guarded), header: behind.header, valid: behind.valid,
        wrong: behind.wrong, malformed: behind.malformed,
        processes: behind.processes + [nginx.processIdentifier]))
    peers.append(
      Peer(
        name: "nginx, map of 10,000 keys", url: url(Port.map), header: "X-API-Key",
        valid: Array(inClear.prefix(16)),
        wrong: inClear.prefix(1_000).map { FloodTokens.token(prefix: prefix(of: $0)) },
        malformed: ["nonsense"], processes: [nginx.processIdentifier]))
    try addFloor("nginx, do-nothing auth_request allows", Port.allowed, nginx)
    peers.append(
      Peer(
        name: "nginx, do-nothing auth_request denies", url: url(Port.denied), header: "X-Nothing",
        valid: [], malformed: ["1"], processes: [nginx.processIdentifier]))
    try addFloor("nginx, nobody is asked", Port.unguarded, nginx)
  }

  private func addCardea(
    _ name: String, _ cardea: String, _ port: Int, _ settings: [String: String]
  ) throws {
    let store = folder.path("\(port).sqlite3")
    let admin = try Programs.newStore(cardea, store, settings)
    let server = try Programs.start(
      cardea, ["serve", "--store", "sqlite:\(store)", "--port", "\(port)"], settings)
    processes.append(server)
    try Probe.waitFor(port: port, token: admin)
    let valid = try (0..<16).map { number in
      let made = try PostgreSQLBenchmarks.post(
        "/v1/keys", port, admin, #"{"name":"bench \#(number)","scopes":[]}"#)
      guard let token = made["token"] as? String else { throw BenchError.failed("\(made)") }
      return token
    }
    peers.append(
      Peer(
        name: name, url: "\(url(port))/auth", header: "X-API-Key", valid: valid,
        // More than are remembered as wrong.
        wrong: (0..<100_000).map { FloodTokens.token(prefix: prefix(of: valid[$0 % 16])) },
        malformed: ["nonsense"], processes: [server.processIdentifier]))
  }

  /// What answers everybody.
  private func addFloor(_ name: String, _ port: Int, _ process: Process?) throws {
    let path = port == Port.empty ? "/auth" : ""
    peers.append(
      Peer(
        name: name, url: url(port) + path, header: "X-Nothing", valid: ["1"],
        processes: process.map { [$0.processIdentifier] } ?? []))
  }

  private func startNginx(_ deploy: URL, _ inClear: [String]) throws -> Process {
    let nginx = try NginxConfiguration(
      folder: URL(fileURLWithPath: folder.path("nginx")), deploy: deploy)
    let keys = inClear.map { "\"\($0)\" 1;" }.joined(separator: "\n")
    // Rewriting comes before asking: what is guarded is not a `return`.
    let service = "location / { empty_gif; }"
    func server(_ port: Int, _ lines: String) -> String { NginxConfiguration.server(port, lines) }
    let process = try nginx.start([
      "map_hash_max_size 65536; map_hash_bucket_size 128;",
      "map $http_x_api_key $is_known { default 0;\n\(keys)\n}",
      NginxConfiguration.upstream("allows", Port.allows),
      NginxConfiguration.upstream("denies", Port.denies),
      NginxConfiguration.upstream("authorizer", Port.authorizer),
      server(Port.allows, "location / { return 204; }"),
      server(Port.denies, "location / { return 401; }"),
      server(Port.unguarded, service),
      server(Port.map, "if ($is_known = 0) { return 401; } \(service)"),
      server(Port.allowed, "\(NginxConfiguration.asking("allows")) \(service)"),
      server(Port.denied, "\(NginxConfiguration.asking("denies")) \(service)"),
      server(Port.guarded, "\(try nginx.guarded(by: "authorizer")) \(service)"),
    ])
    processes.append(process)
    return process
  }

  /// Each key once, so that all are warm and all are right.
  private func check(_ peer: Peer) throws {
    guard let url = URL(string: peer.url), let port = url.port else { return }
    let end = ContinuousClock.now + .seconds(30)
    for value in peer.valid {
      var answer: Answer?
      repeat {
        answer = try? Client(port: port).send(
          "GET", url.path.isEmpty ? "/" : url.path, "\(peer.header): \(value)\r\n")
        if answer == nil { usleep(50_000) }
      } while answer == nil && ContinuousClock.now < end
      guard answer?.status == 200 else {
        throw BenchError.failed("\(peer.name): \(answer?.status ?? 0) for a right key")
      }
    }
  }

  private func url(_ port: Int) -> String { "http://127.0.0.1:\(port)" }

  private func prefix(of token: String) -> String { String(token.prefix { $0 != ":" }) }
}
