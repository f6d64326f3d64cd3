import BenchSupport
import Cardea
import CardeaPostgreSQL
import Foundation

/// Lookups in PostgreSQL as the store grows, nodes side by side, and how soon all of them obey a revocation.
enum PostgreSQLBenchmarks {
  /// Looking a key up by prefix, one after the other and many at once, and what the latter costs the server.
  ///
  /// However many keys there are, the same number of them is looked up, spread over all, and each has been before it is
  /// timed: so the figures tell what a lookup does among more keys, not what disks and the system's cache do, which are
  /// still busy with what was filled last. What a key costs that nobody has looked up yet is timed apart.
  static func lookup(sizes: [Int]) async throws -> [String: [Measurement]] {
    let server = try PostgreSQLServer()
    var databases: [Filled] = []
    for size in sizes {
      let database = "keys\(size)"
      try server.query("CREATE DATABASE \(database)")
      let store = try PostgreSQLStore(url: server.url(database) + "?lookup_deadline=10s")
      try await store.open()
      print("  filling a database with \(size) keys …")
      try fill(size, server, database)
      databases.append(Filled(size: size, store: store))
    }
    // Nothing is left to be written that was filled.
    try server.query("CHECKPOINT")
    for database in databases { try await database.warm() }

    let one = try await compareMedians(
      rounds: 15, operations: 1_000,
      databases.map { database in
        SingleOperation(name: "find(prefix:) among \(database.size) keys") { number in
          try await database.find(database.keys[number % database.keys.count])
        }
      })
    report("PostgreSQL lookup, one at a time: medians", one)
    let many = databases.map { database in
      Contender(name: "64 at a time among \(database.size) keys") { operations in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<64 {
            group.addTask {
              for _ in 0..<(operations / 64) {
                let index = Int.random(in: 0..<database.keys.count)
                try await database.find(database.keys[index])
              }
            }
          }
          try await group.waitForAll()
        }
      }
    }
    let all = try await compare(operations: 12_800, many)
    report("PostgreSQL lookup, 64 in flight", all)
    print("\nProcessor time of the server's sessions for it")
    for (size, contender) in zip(sizes, many) {
      let before = try server.lookupNanoseconds(in: "keys\(size)")
      try await contender.run(64_000)
      let spent = try server.lookupNanoseconds(in: "keys\(size)") - before
      print(String(format: "  among %d keys: %.1f ns each", size, spent / 64_000))
    }
    let large = databases.filter { !$0.unread.isEmpty }
    let first = try await compareMedians(
      rounds: 5, operations: 400,
      large.map { database in
        SingleOperation(name: "the first time, among \(database.size) keys") { number in
          try await database.find(database.unread[number % database.unread.count])
        }
      })
    if !first.isEmpty {
      report("PostgreSQL lookup of a key that nobody has looked up, one at a time: medians", first)
    }
    for database in databases { await database.store.close() }
    return [
      "postgresql_lookup": one, "postgresql_lookup_64": all, "postgresql_lookup_first": first,
    ]
  }

  /// A database that holds so many keys, and those of them that are looked up.
  private struct Filled {
    let size: Int
    let store: PostgreSQLStore
    /// In no order.
    let keys: [Int]
    /// Half-way between two of the others.
    let unread: [Int]

    private static let most = 10_000

    init(size: Int, store: PostgreSQLStore) {
      self.size = size
      self.store = store
      let step = max(1, size / Filled.most)
      keys = stride(from: 0, to: size, by: step).shuffled()
      unread = step > 1 ? stride(from: step / 2, to: size, by: step).shuffled() : []
    }

    /// Has the pages read and the statements prepared.
    func warm() async throws {
      for key in keys { try await find(key) }
    }

    func find(_ key: Int) async throws {
      let digits = "\(key)"
      let prefix = "tok_" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
      if try await store.find(prefix: prefix) == nil { throw BenchError.denied }
    }
  }

  /// In SQL, since a million keys through the store take minutes: indexes come afterwards, references are not looked at.
  /// Without log entries.
  private static func fill(_ count: Int, _ server: PostgreSQLServer, _ database: String) throws {
    let prefix = "'tok_' || lpad(n::text, 8, '0')"
    let ids = "SELECT n, gen_random_uuid() AS id FROM generate_series(0, \(count - 1)) n"
    try server.query(
      """
      SET session_replication_role = replica;
      CREATE TEMP TABLE later AS
        SELECT indexrelid::regclass::text AS name,
          replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS made
        FROM pg_index WHERE NOT indisprimary
          AND indrelid IN ('cardea.keys'::regclass, 'cardea.secrets'::regclass);
      DO $$ DECLARE index record; BEGIN
        FOR index IN SELECT * FROM later LOOP EXECUTE 'DROP INDEX ' || index.name; END LOOP; END $$;
      CREATE TABLE cardea.filling AS \(ids);
      INSERT INTO cardea.keys SELECT \(prefix), id, 'service-' || n, '', 'user', 'default', NULL, '[]',
        'active', 'keysmith', 1800000000000 + n, 'bench', 1900000000000 + n, NULL, NULL, NULL, '{}', 1
        FROM cardea.filling;
      INSERT INTO cardea.key_ids SELECT id, \(prefix) FROM cardea.filling ORDER BY id;
      INSERT INTO cardea.secrets SELECT \(prefix), id, 0, 'hmac_sha256$v1$' || md5(n::text) || '$x',
        'hmac_sha256$v1', 'keysmith', 1800000000000 + n, NULL, NULL, NULL FROM cardea.filling;
      DROP TABLE cardea.filling;
      DO $$ DECLARE index record; BEGIN
        FOR index IN SELECT * FROM later LOOP EXECUTE index.made; END LOOP; END $$
      """, in: database)
    try server.query("VACUUM ANALYZE", in: database)
    guard try server.query("SELECT count(*) FROM cardea.secrets", in: database) == "\(count)" else {
      throw BenchError.failed("the database was not filled")
    }
  }

  struct Nodes: Codable {
    let nodes: Int
    let requestsPerSecond: Double
    /// Of the whole database, while the nodes answered them.
    let transactionsPerSecond: Double
    let statementsPerSecond: Double
    /// Those of the statements that looked a key up.
    let lookups: Int
    /// Milliseconds from the acknowledgement of a revocation to the last request that any node let in.
    let revocation: [Double]
  }

  /// Warm `/auth` on one, two and three nodes at once, with what the database does meanwhile; then revocations under
  /// a gentle load.
  static func nodes(cardea: String, revocations: Int) async throws -> [Nodes] {
    let server = try PostgreSQLServer(settings: ["shared_preload_libraries=pg_stat_statements"])
    try server.query("CREATE EXTENSION pg_stat_statements")
    var results: [Nodes] = []
    print("\nNodes on one PostgreSQL, warm /auth, audit process")
    for count in 1...3 {
      let database = "nodes\(count)"
      try server.query("CREATE DATABASE \(database)")
      let store = server.url(database)
      let token = try Programs.output(cardea, ["init", "--store", store])
        .trimmingCharacters(in: .whitespacesAndNewlines)
      let spools = try Folder("spools-\(count)")
      defer { spools.remove() }
      let ports = (0..<count).map { 8472 + $0 }
      let nodes = try ports.map { port in
        try Programs.start(
          cardea, ["serve", "--store", store, "--port", "\(port)"],
          ["CARDEA_NODE_NAME": "node-\(port)", "CARDEA_AUDIT_SPOOL": spools.path("\(port)")])
      }
      defer {
        for node in nodes {
          node.terminate()
          node.waitUntilExit()
        }
      }
      for port in ports { try Probe.waitFor(port: port, token: token) }
      let before = try server.counts(of: database)
      let rates = try await withThrowingTaskGroup(of: Double.self) { group in
        for port in ports {
          group.addTask {
            try Wrk("http://127.0.0.1:\(port)/auth", header: "X-API-Key: \(token)", seconds: 6)
              .perSecond
          }
        }
        return try await group.reduce(0, +)
      }
      sleep(2)
      let after = try server.counts(of: database)
      let revocation = try await revoke(revocations, ports, token)
      let result = Nodes(
        nodes: count, requestsPerSecond: rates,
        transactionsPerSecond: Double(after.transactions - before.transactions) / 8,
        statementsPerSecond: Double(after.statements - before.statements) / 8,
        lookups: after.lookups - before.lookups, revocation: revocation)
      results.append(result)
      print(
        String(
          format: "  %d: %8.0f requests/s  %5.1f transactions/s  %5.1f statements/s  %d lookups  "
            + "revocation obeyed: p50 %.1f ms, p99 %.1f ms, worst %.1f ms", count, rates,
          result.transactionsPerSecond, result.statementsPerSecond, result.lookups,
          revocation[revocation.count / 2], revocation[(revocation.count * 99 - 1) / 100],
          revocation.last ?? 0))
    }
    return results
  }

  /// Each node is asked some hundred times a second; sorted.
  private static func revoke(_ count: Int, _ ports: [Int], _ admin: String) async throws -> [Double]
  {
    var last: [Double] = []
    for _ in 0..<count {
      let made = try post("/v1/keys", ports[0], admin, #"{"name":"bench","scopes":[]}"#)
      guard let token = made["token"] as? String,
        let id = (made["key"] as? [String: Any])?["id"] as? String
      else { throw BenchError.failed("\(made)") }
      for port in ports { try Probe.waitFor(port: port, token: token) }
      let load = ports.map { port in
        Task.detached { () -> ContinuousClock.Instant? in
          var allowed: ContinuousClock.Instant?
          while !Task.isCancelled {
            if Probe.status(port: port, token: token) == 200 { allowed = .now }
            usleep(3_000)
          }
          return allowed
        }
      }
      usleep(30_000)
      _ = try post("/v1/keys/\(id)/revoke", ports[0], admin, "")
      let acknowledged = ContinuousClock.now
      usleep(1_200_000)
      for task in load { task.cancel() }
      var latest = Duration.zero
      for task in load {
        if let allowed = await task.value { latest = max(latest, allowed - acknowledged) }
      }
      last.append(latest / .milliseconds(1))
    }
    return last.sorted()
  }

  static func post(
    _ path: String, _ port: Int, _ token: String, _ body: String
  ) throws -> [String: Any] {
    guard let socket = Socket(port: port),
      socket.write(
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(token)\r\nConnection: close\r\n"
          + (body.isEmpty ? "" : "Content-Type: application/json\r\n")
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    else { throw BenchError.failed("nobody listens on port \(port)") }
    let answer = String(decoding: socket.read(), as: UTF8.self)
    guard let start = answer.range(of: "\r\n\r\n")?.upperBound,
      let object = try? JSONSerialization.jsonObject(with: Data(answer[start...].utf8))
    else { throw BenchError.failed(answer) }
    return object as? [String: Any] ?? [:]
  }
}
