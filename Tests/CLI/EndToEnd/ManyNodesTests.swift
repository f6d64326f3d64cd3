import CardeaContracts
import CardeaTestFixtures
import CardeaTestSupport
import Foundation
import Testing

/// Three nodes, each a process of its own, on one PostgreSQL database.
@Suite("Many nodes", .serialized) struct ManyNodesTests {
  // MARK: V2

  /// What is wrong between the third node and the others.
  enum Fault: String, CaseIterable, CustomTestStringConvertible {
    case nothing
    /// It hears of no change, and polls: PgBouncer in transaction mode stands between.
    case noNotifications = "no notifications"
    /// Its connections are open, and nothing comes through, or nothing comes back.
    case blackHole = "a black hole"
    /// It stands still for a while in the middle of everything.
    case stopped
    /// Everything between it and the store is held up, each way for longer than the lease, or so that a poll takes
    /// more than half of it.
    case delayed = "a slow network"
    /// Its connections are closed in one direction, and open in the other.
    case halfClosed = "half-closed connections"

    var testDescription: String { rawValue }

    /// What the proxy before it does: of two ways the one or the other, in turn.
    func mode(in trial: Int) -> FaultProxy.Mode {
      let isFirst = trial % 2 == 0
      return switch self {
      case .nothing, .noNotifications, .stopped: .pass
      case .blackHole: isFirst ? .drop : .dropAnswers
      case .delayed: .delay(.milliseconds(isFirst ? 1_200 : 300))
      case .halfClosed: isFirst ? .halfClose : .halfCloseRequests
      }
    }
  }

  /// Revocations for each fault; `CARDEA_REVOCATIONS` says how many. Three are of each way one at least.
  private static let trials =
    ProcessInfo.processInfo.environment["CARDEA_REVOCATIONS"].flatMap { Int($0) } ?? 3

  @Test(
    "V2: after a revocation's bound no node allows, whatever is wrong between them",
    arguments: Fault.allCases)
  func revocation(_ fault: Fault) async throws {
    let cluster = try await Cluster(fault)
    var last: [Double] = []
    for trial in 0..<ManyNodesTests.trials {
      let (id, token) = try await cluster.makeKey("trial \(trial)")
      for node in cluster.nodes { try await node.waits(for: 200, with: token) }
      let load = cluster.nodes.map { node in
        Task.detached { await Load(node, token).run() }
      }
      try await Task.sleep(for: .milliseconds(50))
      cluster.begin(fault, in: trial)
      let by = cluster.nodes[fault == .nothing ? trial % 3 : trial / 2 % 2]
      let revoked = try await by.call("POST", "/v1/keys/\(id)/revoke", cluster.admin)
      let acknowledged = ContinuousClock.now
      #expect(revoked.status == 200, "\(revoked.text)")
      let receipt = try #require(revoked.json["receipt"] as? [String: Any])
      let bound = try #require(receipt["bound_ms"] as? Int)
      #expect(bound == 1_000)
      if fault == .stopped {
        // Until its lease is about to run out, or has.
        try await Task.sleep(for: .milliseconds(400 + 350 * (trial % 3)))
        cluster.nodes[2].thaw()
      }
      try await Task.sleep(until: acknowledged + .milliseconds(bound + 300))
      for task in load { task.cancel() }
      // What was asked by now is answered by what comes through late.
      cluster.end()
      var accepts: [ContinuousClock.Instant] = []
      for task in load {
        let seen = await task.value
        accepts += seen.allowed.map(\.ended)
        // What was asked after the bound was decided after it.
        let late = seen.allowed.filter { $0.began >= acknowledged + .milliseconds(bound) }
        #expect(late.isEmpty, "\(late.count) requests were allowed after the bound")
        #expect(seen.asked > 0)
      }
      last.append((accepts.max().map { $0 - acknowledged } ?? .zero) / .milliseconds(1))
      for node in cluster.nodes { try await node.waits(for: 401, with: token) }
    }
    last.sort()
    print(
      "V2, \(fault.rawValue): \(last.count) revocations; last accept on any node after the acknowledgement: "
        + "p50 \(Int(last[last.count / 2])) ms, p99 \(Int(last[(last.count * 99 - 1) / 100])) ms, "
        + "worst \(Int(last[last.count - 1])) ms")
    for node in cluster.nodes { #expect(node.stop() == 0) }
  }

  // MARK: Receipts

  @Test("a receipt that is waited for names every node; one that does not answer is past its lease")
  func receipts() async throws {
    let cluster = try await Cluster(.blackHole)
    let (id, token) = try await cluster.makeKey("receipt")
    for node in cluster.nodes { try await node.waits(for: 200, with: token) }
    let suspended = try await cluster.nodes[1].call(
      "POST", "/v1/keys/\(id)/suspend?wait=true", cluster.admin)
    let all = try #require(suspended.json["receipt"] as? [String: Any])
    #expect(all["confirmed"] as? [String] == ["one", "three", "two"])
    #expect((all["pending"] as? [Any])?.isEmpty == true)
    cluster.begin(.blackHole)
    let revoked = try await cluster.nodes[0].call(
      "POST", "/v1/keys/\(id)/revoke?wait=true", cluster.admin)
    let some = try #require(revoked.json["receipt"] as? [String: Any])
    #expect(some["confirmed"] as? [String] == ["one", "two"])
    #expect((some["pending"] as? [Any])?.isEmpty == true)
    // The third can't confirm, and trusts nothing any more.
    #expect(try await cluster.nodes[2].authenticate(token) == 503)
    let ready = try await cluster.nodes[2].call("GET", "/readyz", "")
    #expect(ready.status == 503)
    cluster.end()
    try await cluster.nodes[2].waits(for: 401, with: token)
  }

  #if os(Linux)
    @Test("nodes whose clocks are hours apart say so, and go by the store's")
    func clocksApart() async throws {
      let cluster = try await Cluster(.nothing, count: 2, clocks: [-18_000, 18_000])
      for (node, way) in zip(cluster.nodes, ["behind", "ahead of"]) {
        let ready = try await node.call("GET", "/readyz", "")
        #expect(ready.status == 200 && ready.text.contains("clock_apart"), "\(ready.text)")
        #expect(ready.text.contains("\(way) the store's"), "\(ready.text)")
        try await node.logs("\(way) the store's")
      }
      // In force by the store's clock, and over by that of the second.
      let (id, token) = try await cluster.makeKey("in force", #","expires_in":"1h""#)
      for node in cluster.nodes { #expect(try await node.authenticate(token) == 200) }
      // Over by the store's clock, and in force by that of the first.
      let (over, ended) = try await cluster.makeKey("over")
      let expiry = try cluster.database.query(
        """
        UPDATE cardea.keys SET expires_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 60000
        WHERE id = '\(over)' RETURNING name
        """)
      #expect(expiry.contains("over"))
      for node in cluster.nodes { #expect(try await node.authenticate(ended) == 401) }
      let revoked = try await cluster.nodes[1].call(
        "POST", "/v1/keys/\(id)/revoke?wait=true", cluster.admin)
      let receipt = try #require(revoked.json["receipt"] as? [String: Any])
      #expect(receipt["confirmed"] as? [String] == ["one", "two"])
      for node in cluster.nodes { #expect(try await node.authenticate(token) == 401) }
    }

    @Test("the page shows live who obeys a revocation, and whom it waits for")
    func receiptOnThePage() async throws {
      // Nobody's lease runs out while a browser starts.
      let cluster = try await Cluster(.stopped, settings: "cache: {lease: 60s}")
      let (id, token) = try await cluster.makeKey("watched")
      for node in cluster.nodes { try await node.waits(for: 200, with: token) }
      try cluster.program.write(cluster.admin, to: "admin.token")
      cluster.begin(.stopped)
      defer { cluster.nodes[2].thaw() }
      let script = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "../../../scripts/browser/receipt_flow.py").standardized
      let output = try Tool.run(
        "timeout",
        [
          "-k", "10", "300", "/usr/bin/python3", script.path, cluster.nodes[0].address,
          cluster.program.path("admin.token"), id, "three", "\(cluster.nodes[2].id)",
        ])
      #expect(output == "pending\nconfirmed\n")
      #expect(try await cluster.nodes[2].authenticate(token) == 401)
    }
  #endif

  // MARK: Races

  /// Rotations that are raced; `CARDEA_RACES` says how many.
  private static let rotations =
    ProcessInfo.processInfo.environment["CARDEA_RACES"].flatMap { Int($0) } ?? 10

  @Test("V6: of two rotations at once on two nodes one wins, and the other is told of a conflict")
  func racedRotations() async throws {
    let cluster = try await Cluster(.nothing)
    let (id, token) = try await cluster.makeKey("raced")
    var current = token
    for round in 0..<ManyNodesTests.rotations {
      let rotated = try await cluster.together(2, from: round) { _ in
        ("POST", "/v1/keys/\(id)/rotate", #"{"overlap":"1h"}"#, [])
      }
      #expect(rotated.map(\.status).sorted() == [200, 409], "\(rotated.map(\.text))")
      let won = try #require(rotated.first { $0.status == 200 }?.json["token"] as? String)
      // Both are valid until the rotation is completed.
      #expect(try await cluster.nodes[round % 3].authenticate(current) == 200)
      #expect(try await cluster.nodes[round % 3].authenticate(won) == 200)
      let completed = try await cluster.nodes[(round + 2) % 3].call(
        "POST", "/v1/keys/\(id)/complete-rotation", cluster.admin)
      #expect(completed.status == 200, "\(completed.text)")
      current = won
    }
    for node in cluster.nodes { try await node.waits(for: 200, with: current) }
    let count = try cluster.database.query(
      """
      SELECT count(*) FROM cardea.signal_log l JOIN cardea.keys k ON k.id = l.key_id
      WHERE k.name = 'raced' AND signal = 'token_rotated'
      """)
    #expect(count == "\(ManyNodesTests.rotations)")
  }

  @Test("a key limit, a rotation and an idempotency key are obeyed by three nodes at once")
  func races() async throws {
    let cluster = try await Cluster(.nothing)
    let owner = try await cluster.nodes[0].call(
      "POST", "/v1/owners", cluster.admin, #"{"name":"limited","max_keys":3}"#)
    #expect(owner.status == 201, "\(owner.text)")
    let made = try await cluster.together(12) { _ in
      ("POST", "/v1/keys", #"{"name":"k","owner":"limited","scopes":[]}"#, [])
    }
    #expect(made.count { $0.status == 201 } == 3)
    #expect(made.allSatisfy { $0.status == 201 || $0.status == 409 }, "\(made.map(\.status))")
    let held = try cluster.database.query(
      """
      SELECT o.held, count(k.id) FROM cardea.owners o JOIN cardea.keys k ON k.owner_id = o.id
      WHERE o.name = 'limited' GROUP BY o.held
      """)
    #expect(held == "3|3")

    for round in 0..<5 {
      let (id, token) = try await cluster.makeKey("raced \(round)")
      let rotated = try await cluster.together(6) { _ in
        ("POST", "/v1/keys/\(id)/rotate", #"{"overlap":"1h"}"#, [])
      }
      let won = rotated.filter { $0.status == 200 }
      #expect(won.count == 1, "\(rotated.map(\.status))")
      #expect(rotated.allSatisfy { $0.status == 200 || $0.status == 409 })
      let new = try #require(won.first?.json["token"] as? String)
      for node in cluster.nodes {
        try await node.waits(for: 200, with: new)
        #expect(try await node.authenticate(token) == 200)
      }

      let once = try await cluster.together(9) { _ in
        (
          "POST", "/v1/keys", #"{"name":"once","scopes":[]}"#,
          [("Idempotency-Key", "once-\(round)")]
        )
      }
      #expect(once.count { $0.status == 201 } == 1, "\(once.map(\.status))")
      #expect(once.allSatisfy { $0.status == 201 || $0.status == 409 })
    }
    let kept = try cluster.database.query("SELECT count(*) FROM cardea.keys WHERE name = 'once'")
    #expect(kept == "5")
  }

  @Test("one import is run on three nodes at once: every key is there once, and its log is whole")
  func imports() async throws {
    let cluster = try await Cluster(.nothing)
    let before = try cluster.counts()
    let url = cluster.server.url(cluster.database.name, through: [])
    let runs = Locked<[CardeaProgram.Result]>([])
    let (program, source) = (cluster.program, Fixture.path("Oracle/keysmith.sqlite3"))
    await withCheckedContinuation { done in
      // Threads that may be blocked.
      DispatchQueue.global().async {
        DispatchQueue.concurrentPerform(iterations: 3) { _ in
          let run = try? program.run("import", "keysmith", source, "--store", url)
          if let run { runs.withLock { $0.append(run) } }
        }
        done.resume()
      }
    }
    let ended = runs.withLock { $0 }
    try #require(ended.count == 3)
    // One row of the source can't be imported. Whoever meets another at an owner says so and gives way.
    #expect(ended.contains { $0.status == 1 })
    #expect(
      ended.allSatisfy { $0.status == 1 || $0.err.contains("at the same moment") },
      "\(ended.map(\.err))")
    let after = try cluster.counts()
    #expect(after.keys - before.keys == 19)
    #expect(after.created - before.created == 19)
    let again = try program.run(
      "import", "keysmith", source, "--store", url, "--json")
    #expect(again.json?["already_here"] as? Int == 19 && again.json?["imported"] as? Int == 0)
    let verified = try program.run("audit", "verify", "--store", url)
    #expect(verified.status == 0, "\(verified.err)")
  }

  // MARK: Limits and deliveries

  @Test("three nodes under a skewed load let through no more than the limit and the stated bound")
  func limits() async throws {
    let cluster = try await Cluster(
      .nothing, settings: "plugins: {policy.rate_limit: {rules: [slow 100/1h burst=100]}}")
    let (_, token) = try await cluster.makeKey("limited")
    let began = ContinuousClock.now
    // Of twelve requests, nine meet the first node, two the second and one the third.
    let shares = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2]
    let allowed = try await withThrowingTaskGroup(of: Int.self) { group in
      for share in shares {
        group.addTask {
          var allowed = 0
          for _ in 0..<50 where try await cluster.nodes[share].authenticate(token) == 200 {
            allowed += 1
          }
          return allowed
        }
      }
      return try await group.reduce(0, +)
    }
    let minutes = (ContinuousClock.now - began) / .seconds(60)
    // Policies.md: burst + t * rate + (nodes - 1) * (batch + credit).
    #expect(Double(allowed) <= 100 + (minutes * 100 / 60).rounded(.up) + 2 * (10 + 25))
    #expect(allowed >= 90)
  }

  @Test("a webhook is delivered by one node at a time, and by another when that one is killed")
  func deliveries() async throws {
    let receiver = try await WebhookReceiver()
    let cluster = try await Cluster(
      .nothing, settings: "webhooks: {allow: [127.0.0.0/8], timeout: 5s}")
    let made = try await cluster.nodes[2].call(
      "POST", "/v1/webhooks", cluster.admin,
      #"{"url":"\#(receiver.url("/ok"))","signals":["key_created"]}"#)
    try #require(made.status == 201, "\(made.text)")
    var names: [String] = []
    for (round, node) in cluster.nodes.enumerated() {
      for number in 0..<8 {
        let name = "round \(round) key \(number)"
        let key = try await node.call(
          "POST", "/v1/keys", cluster.admin, #"{"name":"\#(name)","scopes":[]}"#)
        try #require(key.status == 201, "\(key.text)")
        names.append(name)
      }
      let received = try await receiver.wait { Set($0.compactMap(\.keyName)).isSuperset(of: names) }
      // Nobody has died yet: each once.
      if round == 0 { #expect(received.compactMap(\.keyName).sorted() == names.sorted()) }
      // Whoever delivers by now is among the killed sooner or later.
      if round < 2 { node.kill() }
    }
  }

  // MARK: What it costs

  @Test("a warm request causes no query, a cold one exactly one")
  func queries() async throws {
    let cluster = try await Cluster(.nothing, count: 1)
    let node = cluster.nodes[0]
    let (_, token) = try await cluster.makeKey("cold")
    func lookups() throws -> Int {
      try cluster.server.log().split(separator: "\n")
        .count { $0.hasPrefix("<cardea lookups>") && $0.contains("SELECT k.id, k.prefix") }
    }
    try await node.waits(for: 200, with: cluster.admin)
    let before = try lookups()
    #expect(try await node.authenticate(token) == 200)
    #expect(try lookups() == before + 1)
    for _ in 0..<50 { #expect(try await node.authenticate(token) == 200) }
    #expect(try lookups() == before + 1)
  }
}

/// Nodes of a test's own on a database of its own.
private final class Cluster: Sendable {
  let server: PostgreSQLServer
  let database: Database
  let program: CardeaProgram
  let proxy: FaultProxy
  private let pooler: PgBouncer?
  let admin: String
  let nodes: [RunningServer]

  /// Nodes `one` and `two`, and `three` behind the proxy, or behind a pooler.
  /// - Parameter clocks: seconds by which the wall clock of each node is ahead.
  init(
    _ fault: ManyNodesTests.Fault, count: Int = 3, settings: String = "", clocks: [Int] = []
  ) async throws {
    server = try PostgreSQLServer.running()
    database = try Database(server)
    program = try CardeaProgram()
    try program.write(settings, to: "cardea.yaml")
    proxy = try FaultProxy(before: server.port)
    pooler = fault == .noNotifications ? try PgBouncer(before: server) : nil
    // Not the machine's speed is tried here, but a server that says nothing is given up soon.
    let url = server.url(database.name, through: [], ["lookup_deadline=2s"])
    // In a slow network answers are waited for that come when the lease has long run out.
    let last = server.url(
      database.name, through: [pooler?.port ?? proxy.port],
      [fault == .delayed ? "lookup_deadline=3s" : "lookup_deadline=300ms"]
        + (pooler == nil ? [] : ["pooler=transaction"]))
    let made = try program.run("init", "--store", url)
    #expect(made.status == 0, "\(made.err)")
    admin = try #require(made.out.split(separator: "\n").last.map(String.init))
    var nodes: [RunningServer] = []
    for (index, (name, url)) in [("one", url), ("two", url), ("three", last)].prefix(count)
      .enumerated()
    {
      var environment = [
        "CARDEA_NODE_NAME": name, "CARDEA_AUDIT_SPOOL": program.path("spool-\(name)"),
      ]
      if index < clocks.count {
        environment.merge(
          try ShiftedClock.environment(seconds: clocks[index], in: program.folder)
        ) { $1 }
      }
      nodes.append(try RunningServer(program, ["--store", url], environment: environment))
    }
    self.nodes = nodes
    for node in nodes { try await node.waits(for: 200, with: admin) }
  }

  func begin(_ fault: ManyNodesTests.Fault, in trial: Int = 0) {
    proxy.mode = fault.mode(in: trial)
    if fault == .stopped { nodes[2].freeze() }
  }

  /// A node that was stopped is let go on by whoever stopped it.
  func end() { proxy.mode = .pass }

  func makeKey(_ name: String, _ more: String = "") async throws -> (id: String, token: String) {
    let made = try await nodes[0].call(
      "POST", "/v1/keys", admin, #"{"name":"\#(name)","scopes":[]\#(more)}"#)
    #expect(made.status == 201, "\(made.text)")
    let key = try #require(made.json["key"] as? [String: Any])
    return (try #require(key["id"] as? String), try #require(made.json["token"] as? String))
  }

  /// So many requests at once, spread over the nodes.
  func together(
    _ count: Int, from first: Int = 0,
    _ request: @escaping @Sendable (Int) -> (String, String, String, [(String, String)])
  ) async throws -> [HTTPAnswer] {
    try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
      for number in 0..<count {
        group.addTask { [self] in
          let (method, path, body, headers) = request(number)
          return try await nodes[(first + number) % nodes.count].call(
            method, path, admin, body, headers)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// Keys, and entries of the log that tell of their beginning.
  func counts() throws -> (keys: Int, created: Int) {
    let counts = try database.query(
      """
      SELECT (SELECT count(*) FROM cardea.keys), count(*) FROM cardea.signal_log
      WHERE signal = 'key_created'
      """
    ).split(separator: "|").compactMap { Int($0) }
    try #require(counts.count == 2)
    return (counts[0], counts[1])
  }

  final class Database: Sendable {
    let server: PostgreSQLServer
    let name = "nodes-\(UUID().uuidString)"

    init(_ server: PostgreSQLServer) throws {
      self.server = server
      try server.createWithTables(name)
    }

    deinit { _ = try? server.query("DROP DATABASE \"\(name)\" WITH (FORCE)") }

    func query(_ sql: String) throws -> String { try server.query(sql, in: name) }
  }
}

/// Asks one node again and again.
private struct Load {
  struct Seen: Sendable {
    var asked = 0
    var allowed: [(began: ContinuousClock.Instant, ended: ContinuousClock.Instant)] = []
  }

  let node: RunningServer
  let token: String

  init(_ node: RunningServer, _ token: String) {
    self.node = node
    self.token = token
  }

  func run() async -> Seen {
    var seen = Seen()
    while !Task.isCancelled {
      let began = ContinuousClock.now
      let answer = try? await node.call("GET", "/auth", token)
      seen.asked += 1
      if answer?.status == 200 { seen.allowed.append((began, ContinuousClock.now)) }
      try? await Task.sleep(for: .milliseconds(2))
    }
    return seen
  }
}

extension WebhookReceiver.Received {
  /// Of the key that a delivery is about.
  fileprivate var keyName: String? { (data["key"] as? [String: Any])?["name"] as? String }
}

extension RunningServer {
  func call(
    _ method: String, _ path: String, _ token: String, _ body: String? = nil,
    _ headers: [(String, String)] = []
  ) async throws -> HTTPAnswer {
    try await HTTPClient(port: try #require(port)).json(
      method, path, token: token.isEmpty ? nil : token, body, headers: headers)
  }
}
