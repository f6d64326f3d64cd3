import CardeaExtractors
import CardeaFormats
import CardeaLifecycle
import CardeaPostgreSQL
import CardeaSodium
import CardeaTestSupport
import Dispatch
import Foundation
import Testing

/// What authentications cost the server, by its own log of statements.
@Suite("What lookups cost on PostgreSQL", .serialized) struct PostgreSQLCostTests {
  @Test("a token that nobody remembers costs one statement, one that is remembered none")
  func statements() async throws {
    let node = try await CountedNode()
    node.hasher.gate.signal()
    let token = try await node.key()
    var before = try node.lookups()
    #expect(await node.verdict(token).identity != nil)
    #expect(try node.lookups() == before + 1)
    for _ in 0..<200 { #expect(await node.verdict(token).identity != nil) }
    #expect(try node.lookups() == before + 1)
    // An unknown prefix is not remembered, and costs no more.
    let stranger = try node.stranger()
    before = try node.lookups()
    for _ in 0..<3 { #expect(await node.verdict(stranger).denial?.reason == .unknown) }
    #expect(try node.lookups() == before + 3)
    await node.close()
  }

  @Test(
    "a stampede on a token that nobody remembers costs one hash and, as a rule, one statement")
  func stampede() async throws {
    let node = try await CountedNode()
    let token = try await node.key()
    let before = try node.lookups()
    let count = 50
    let came = Locked(0)
    let verdicts = try await withThrowingTaskGroup(of: Verdict.self) { group in
      for _ in 0..<count {
        group.addTask {
          came.withLock { $0 += 1 }
          return await node.verdict(token)
        }
      }
      // All of them are there before the hash is done.
      try await eventually { came.withLock { $0 } == count && node.hasher.count == 1 }
      for _ in 0..<count { node.hasher.gate.signal() }
      return try await group.reduce(into: [Verdict]()) { $0.append($1) }
    }
    #expect(verdicts.count == count && verdicts.allSatisfy { $0.identity != nil })
    #expect(await node.verdict(token).identity != nil)
    #expect(node.hasher.count == 1)
    // One, and one for each that found nothing in memory the moment before it was there.
    #expect(try node.lookups() < before + count / 2)
    await node.close()
  }
}

/// A kernel on a database, whose statements can be told from others' in the server's log.
private struct CountedNode {
  let database: TestDatabase
  let kernel: AuthKernel
  let hasher = CountedHasher()
  private let name = "counted-\(UUID().uuidString)"

  init() async throws {
    database = try TestDatabase()
    let store = try database.store(through: [], "application_name=\(name)")
    kernel = try await StandingKernel.start(StandingClock()) {
      $0.preferredHasher = "counted"
    } plugins: { [hasher] in
      $0.use(hasher)
      $0.use(store)
    }
  }

  func close() async { await kernel.shutdown() }

  func key() async throws -> Secret {
    try await kernel.createKey(NewKey(name: "a key"), by: .host).token
  }

  /// A token of no key.
  func stranger() throws -> Secret {
    try KeysmithFormat().build(
      TokenRequest(
        namespace: "tok", identifierLength: 8, secretLength: 32, primitives: kernel.primitives)
    ).token
  }

  func verdict(_ token: Secret) async -> Verdict { await kernel.authenticate(Presented(token)) }

  /// Statements so far, but for what the kernel asks by the clock whether anybody comes or not: what is new, and who
  /// else is there.
  func lookups() throws -> Int {
    try database.server.log().split(separator: "\n<").count { entry in
      entry.hasPrefix("\(name)> LOG:  execute")
        && [
          "cardea.schema_version", "cardea.nodes", "cardea.signal_log", "current_setting('fsync')",
        ]
        .allSatisfy { !entry.contains($0) }
    }
  }
}

/// Counts what it verifies, which waits until it is told to go on.
private struct CountedHasher: SecretHasher {
  let id = "hasher.counted"
  let algorithm = "counted"
  let cost = HashCost.slow
  let gate = DispatchSemaphore(value: 0)
  private let verified = Locked(0)

  var count: Int { verified.withLock { $0 } }

  func hash(_ request: HashRequest) -> EncodedHash { EncodedHash("counted$") }
  func verify(_ request: VerifyRequest) -> Bool {
    verified.withLock { $0 += 1 }
    gate.wait()
    return true
  }
  func needsRehash(_ hash: EncodedHash) -> Bool { false }
}
