import CardeaLifecycle
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaPostgreSQL

/// Statements that are sent together on one connection.
@Suite("PostgreSQL connections") struct PostgreSQLConnectionTests {
  @Test("a refused lookup concerns nobody who was asked for together with it")
  func refusals() async throws {
    let database = try TestDatabase()
    let link = Link(
      .lookups, try PostgreSQLURL(database.url()), Lineage(), within: .seconds(30))
    try await link.open()
    let connection = try link.connection()
    let answers = Locked<[Int: Result<Int64?, Failure>]>([:])
    let count = 500
    for number in 0..<count {
      // Of some kinds, each of which is prepared by the first of it; every seventh divides by nothing.
      let statement = Statement(
        "SELECT 100 / $1 + $2 + \(number / 100)", [number % 7 == 0 ? 0 : 1, number])
      connection.send([statement], within: .seconds(30)) { result in
        answers.withLock { $0[number] = result.map { $0.first?.int(0) } }
      }
    }
    try await eventually { answers.withLock { $0.count } == count }
    for (number, answer) in answers.withLock({ $0 }) {
      switch answer {
      case .success(let value):
        #expect(number % 7 != 0 && value == Int64(100 + number + number / 100))
      case .failure(let failure):
        #expect(number % 7 == 0 && failure.reason.contains("division by zero"))
      }
    }
    #expect(try link.connection() === connection)
    link.close()
  }

  @Test("whoever goes by a name that was never made, for a lock, is no sign of a pooler")
  func namesNeverMade() async throws {
    let database = try TestDatabase()
    try database.query("SET ROLE \(PostgreSQLServer.role); CREATE TABLE cardea.held (n int)")
    let link = Link(.lookups, try PostgreSQLURL(database.url()), Lineage(), within: .seconds(8))
    try await link.open()
    let connection = try link.connection()
    let states = Locked<[String?]>([])
    let statement = Statement("SELECT count(*) FROM cardea.held WHERE n = $1", [1])
    func ask() {
      connection.send([statement], within: .seconds(60)) { result in
        let state: String? =
          if case .failure(.refused(let state, _)) = result { state } else { nil }
        states.withLock { $0.append(state) }
      }
    }
    let stall = try Stall("LOCK TABLE cardea.held; SELECT 1", database)
    ask()
    ask()
    // Both wait for the lock in vain, one after the other.
    try await eventually { states.withLock { $0.count } == 2 }
    #expect(states.withLock { $0 } == ["55P03", "55P03"])
    try stall.end()
    ask()
    try await eventually { states.withLock { $0.count } == 3 }
    #expect(states.withLock { $0 }.last == .some(nil))
    let names = Statement(
      "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'c%' AND statement LIKE '%.held%'",
      [], isKept: false)
    let prepared = Locked<Int64?>(nil)
    connection.send([names], within: .seconds(30)) { result in
      prepared.withLock { $0 = (try? result.get())?.first?.int(0) ?? -1 }
    }
    try await eventually { prepared.withLock { $0 != nil } }
    #expect(prepared.withLock { $0 } == 1)
    link.close()
  }

  @Test("what writes is never sent again behind the end of its transaction")
  func namesThatAreGone() async throws {
    let database = try TestDatabase()
    try database.query("SET ROLE \(PostgreSQLServer.role); CREATE TABLE cardea.written (n int)")
    let link = Link(.bulk, try PostgreSQLURL(database.url()), Lineage(), within: .seconds(8))
    try await link.open()
    let connection = try link.connection()
    func run(_ statements: [Statement]) async throws -> [String?] {
      let states = Locked<[String?]>([])
      connection.send(statements, within: .seconds(8)) { result in
        let state: String? =
          if case .failure(.refused(let state, _)) = result { state } else { nil }
        states.withLock { $0.append(state) }
      }
      try await eventually { states.withLock { $0.count } == statements.count }
      return states.withLock { $0 }
    }
    func plain(_ sql: String) -> Statement { Statement(sql, [], isKept: false) }
    let inserts = [
      Statement("INSERT INTO cardea.written VALUES (1 + $1)", [1]),
      Statement("INSERT INTO cardea.written VALUES (2 + $1)", [1]),
    ]
    #expect(
      try await run([plain("BEGIN")] + inserts + [plain("ROLLBACK")]).allSatisfy { $0 == nil })
    // As if a pooler had given us a session that has not prepared them.
    #expect(try await run([plain("DEALLOCATE ALL")]) == [nil])
    let states = try await run([plain("BEGIN")] + inserts + [plain("COMMIT")])
    #expect(states.prefix(3) == [nil, "26000", "26000"])
    #expect(try database.query("SELECT count(*) FROM cardea.written") == "0")
    link.close()
  }

  @Test("a server that keeps from us which it is serves all the same, with a caution")
  func unknownServer() async throws {
    let database = try TestDatabase()
    try database.query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    #expect(
      store.cautions.contains { $0.contains("grant our user EXECUTE on pg_control_system()") })
    let key = records.key()
    _ = try await store.commit(records.insert(key))
    #expect(try await store.find(prefix: key.prefix)?.key == key)
    await store.close()
  }

  @Test("what was asked together is lost together, and nobody waits for ever")
  func losses() async throws {
    let database = try TestDatabase()
    let link = Link(
      .lookups, try PostgreSQLURL(database.url()), Lineage(), within: .seconds(30))
    try await link.open()
    let connection = try link.connection()
    let (answered, lost) = (Locked(0), Locked(0))
    for _ in 0..<200 {
      connection.send([Statement("SELECT pg_sleep(20)")], within: .seconds(30)) { result in
        if case .failure(.lost) = result { lost.withLock { $0 += 1 } }
        answered.withLock { $0 += 1 }
      }
    }
    connection.end(.lost("told to end"))
    connection.send([Statement("SELECT 1")], within: .seconds(30)) { result in
      if case .failure(.lost) = result { lost.withLock { $0 += 1 } }
      answered.withLock { $0 += 1 }
    }
    // The last is answered on the connection's own thread where that was at it.
    try await eventually { answered.withLock { $0 } == 201 }
    #expect(answered.withLock { $0 } == 201 && lost.withLock { $0 } == 201)
    link.close()
  }

  @Test("whoever asks while somebody looks whether it has ended is answered too")
  func looks() async throws {
    let database = try TestDatabase()
    let link = Link(
      .changes, try PostgreSQLURL(database.url()), Lineage(), within: .seconds(30))
    try await link.open()
    let connection = try link.connection()
    let (answered, isDone) = (Locked(0), Locked(false))
    let looking = (0..<2).map { _ in
      Thread { while !isDone.withLock({ $0 }) { connection.tellIfEnded() } }
    }
    for thread in looking { thread.start() }
    for number in 1...200 {
      connection.send([Statement("SELECT 1")], within: .seconds(30)) { _ in
        answered.withLock { $0 += 1 }
      }
      // One after the other: the next would have those before it sent.
      try await eventually { answered.withLock { $0 } == number }
      if answered.withLock({ $0 }) < number { break }
    }
    isDone.withLock { $0 = true }
    link.close()
  }
}
