import BenchSupport
import CBenchValgrind
import Cardea
import Dispatch
import Foundation

/// What callgrind counts for `make instructions`: each benchmark twice, shorter and longer, so that the difference is what
/// its calls cost and nothing else is.
@main
enum Instructions {
  /// Not `async`: callgrind does not survive how the first thread of such a program ends.
  static func main() {
    guard callgrind_runs() != 0 else {
      end("not under callgrind, or built where its header was missing", 2)
    }
    let ended = DispatchSemaphore(value: 0)
    Task.detached {
      do { try await countAll() } catch { end("\(error)", 1) }
      ended.signal()
    }
    ended.wait()
  }

  private static func end(_ message: String, _ status: Int32) -> Never {
    FileHandle.standardError.write(Data("instructions: \(message)\n".utf8))
    exit(status)
  }

  private static func countAll() async throws {
    try await countWarm()
    try await countCold()
    try await countPublishing()
  }

  private static func countWarm() async throws {
    for keys in [1, 100_000] {
      let ring = try await Keyring.make(keys, clock: StandingClock())
      let (kernel, requests) = (ring.kernel, ring.requests)
      try await count("warm authenticate, \(keys) key\(keys == 1 ? "" : "s")") { calls in
        for index in 0..<calls {
          guard case .allow? = kernel.authenticateIfWarm(requests[index % keys]) else {
            throw BenchError.notWarm
          }
        }
      }
      if keys == 1 { try await countRefused(ring) }
      await ring.kernel.shutdown()
    }
  }

  private static func countRefused(_ ring: Keyring) async throws {
    let malformed = HeaderRequest(token: "nonsense")
    let kernel = ring.kernel
    try await count("malformed token") { calls in
      for _ in 0..<calls {
        guard case .deny? = kernel.authenticateIfWarm(malformed) else {
          throw BenchError.notWarm
        }
      }
    }
    let token = Array(ring.requests[0].token.utf8)
    let format = KeysmithFormat()
    try await count("parse a token") { calls in
      for _ in 0..<calls where format.parse(token.span) == nil { throw BenchError.denied }
    }
  }

  private static func countCold() async throws {
    // With a cache of no entries every request reads the store and hashes.
    let ring = try await Keyring.make(1, clock: StandingClock()) {
      $0.cacheEntries = 0
      $0.wrongCacheEntries = 0
    }
    try await count("cold authenticate, hmac_sha256") { calls in
      for _ in 0..<calls {
        let identity = try await ring.kernel.cold(ring.requests[0].token)
        if identity == nil { throw BenchError.denied }
      }
    }
    await ring.kernel.shutdown()
  }

  private static func countPublishing() async throws {
    for listeners in [0, 1, 8] {
      let bus = SignalBus()
      let tally = Tally()
      for _ in 0..<listeners {
        bus.subscribe(KeyRevoked.self, id: "a", .inline) { _ in tally.add() }
      }
      try await count("publish, \(listeners) inline") { calls in
        for _ in 0..<calls { bus.publish(KeyRevoked.sample) }
      }
    }
    try await countQueueing()
  }

  /// The publisher's side alone: the listener is held up by its first signal meanwhile.
  private static func countQueueing() async throws {
    let bus = SignalBus()
    let gate = DispatchSemaphore(value: 0)
    let tally = Tally()
    bus.subscribe(KeyRevoked.self, id: "a", .queue(bound: 10_000, overflow: .dropNewest)) { _ in
      if tally.add() == 1 { gate.wait() }
    }
    try await count("publish, 1 queued") { calls in
      for _ in 0..<calls { bus.publish(KeyRevoked.sample) }
    }
    gate.signal()
    await bus.drain()
  }

  private static func count(_ name: String, _ run: (Int) async throws -> Void) async throws {
    try await run(200)
    for calls in [1_000, 5_000] {
      callgrind_begin()
      try await run(calls)
      callgrind_end("\(name)/\(calls)")
    }
  }
}
