import BenchSupport
import Foundation

/// F1 and F2: good requests at a fixed rate, with ten times as many bad ones and without. A third of the bad is
/// malformed, a third has an unknown prefix, a third the good key's prefix and a secret that never comes twice.
enum FloodBenchmarks {
  struct Load: Codable {
    let name: String
    /// Milliseconds, one figure a round.
    var p50: [Double] = []
    var p99: [Double] = []
    /// Of the bad requests, a second.
    var badAnswered: [Double] = []
    var goodRefused = 0
    /// Processors that the load generator, and the server, kept busy: where they add up to all there are, what is
    /// measured is that they are in each other's way.
    var loadGenerator: [Double] = []
    var server: [Double] = []
  }

  static func good(
    cardea: String, perSecond: Int, rounds: Int = 5, seconds: Int = 5
  ) throws -> [Load] {
    let folder = try Folder("flood")
    defer { folder.remove() }
    let pepper = folder.path("pepper")
    try Data((0..<32).map { _ in UInt8.random(in: 33...126) }).write(
      to: URL(fileURLWithPath: pepper))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pepper)
    print(
      "\nFlood: \(perSecond) good requests a second, then with \(perSecond * 10) bad ones, open loop"
    )
    var loads: [Load] = []
    for hasher in ["hmac_sha256", "pbkdf2_sha512"] {
      let environment = [
        "CARDEA_HASH_PREFERRED": hasher, "CARDEA_HASH_PEPPER_FILES": "v1=\(pepper)",
      ]
      let store = folder.path(hasher)
      let token = try Programs.newStore(cardea, store, environment)
      let server = try Programs.start(
        cardea, ["serve", "--store", "sqlite:\(store)", "--port", "8428"], environment)
      defer {
        server.terminate()
        server.waitUntilExit()
      }
      try Probe.waitFor(port: 8428, token: token)
      var pair = [Load(name: "\(hasher), alone"), Load(name: "\(hasher), flooded")]
      for round in 0...rounds {
        for index in pair.indices {
          let before = (own: ownTime(), server: Programs.processorTime(server.processIdentifier))
          let began = ContinuousClock.now
          let (good, bad) = try run(token, perSecond, index == 0 ? 0 : perSecond * 10, seconds)
          let took = (ContinuousClock.now - began) / .seconds(1)
          if round == 0 { continue }  // a warm-up
          pair[index].loadGenerator.append((ownTime() - before.own) / took)
          pair[index].server.append(
            (Programs.processorTime(server.processIdentifier) - before.server) / took)
          pair[index].p50.append(good.quantile(0.5))
          pair[index].p99.append(good.quantile(0.99))
          pair[index].goodRefused += perSecond * seconds - good.statuses[200, default: 0]
          pair[index].badAnswered.append(Double(bad.milliseconds.count) / Double(seconds))
          guard bad.statuses[200] == nil else { throw BenchError.failed("a bad token was let in") }
        }
      }
      for load in pair {
        print(
          String(
            format: "  %@ p50 %7.2f ms  p99 %7.2f ms  %.2fx  %d refused  %.0f bad a second  "
              + "cores: %.2f load generator, %.2f server",
            load.name.padding(toLength: 24, withPad: " ", startingAt: 0), median(load.p50),
            median(load.p99), median(load.p99) / median(pair[0].p99), load.goodRefused,
            median(load.badAnswered), median(load.loadGenerator), median(load.server)))
      }
      loads += pair
    }
    return loads
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func ownTime() -> Double { processorNanoseconds() / 1e9 }

  /// Both kinds at once, each from a thread of its own.
  private static func run(
    _ token: String, _ good: Int, _ bad: Int, _ seconds: Int
  ) throws -> (good: OpenLoop.Result, bad: OpenLoop.Result) {
    let flood = Flood(token: token, perSecond: bad, seconds: seconds)
    if bad > 0 { flood.start() }
    let result = try OpenLoop(port: 8428, perSecond: good, connections: 16) { _ in token }
      .run(seconds: seconds)
    return (result, bad > 0 ? try flood.wait() : OpenLoop.Result())
  }
}

/// Bad requests from a thread of their own.
private final class Flood: @unchecked Sendable {
  private let token: String
  private let perSecond: Int
  private let seconds: Int
  private let isDone = DispatchSemaphore(value: 0)
  // Written before the semaphore is signalled, read after it was waited for.
  private var outcome: Result<OpenLoop.Result, any Error> = .success(OpenLoop.Result())

  init(token: String, perSecond: Int, seconds: Int) {
    self.token = token
    self.perSecond = perSecond
    self.seconds = seconds
  }

  func start() {
    Thread.detachNewThread { [self] in
      outcome = Result {
        try OpenLoop(port: 8428, perSecond: perSecond, connections: 64, token: bad)
          .run(seconds: seconds)
      }
      isDone.signal()
    }
  }

  func wait() throws -> OpenLoop.Result {
    isDone.wait()
    return try outcome.get()
  }

  private func bad(_ number: Int) -> String {
    switch number % 3 {
    case 0: "nonsense"
    case 1: FloodTokens.token(prefix: "tok_nobody00")
    default: FloodTokens.token(prefix: String(token.prefix { $0 != ":" }))
    }
  }
}

/// Well-formed tokens of the default format, with secrets that nobody was given.
enum FloodTokens {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  static func token(prefix: String) -> String {
    // Eight bytes at a time: asking the system for each would be most of the work.
    let random = (0..<4).flatMap { _ in
      withUnsafeBytes(of: UInt64.random(in: 0...(.max))) { Array($0) }
    }
    let secret = random.map { alphabet[Int($0) % alphabet.count] }
    let body = "\(prefix):" + String(decoding: secret, as: UTF8.self)
    let digits = String(crc32(body.utf8) % 1_000_000)
    return body + String(repeating: "0", count: 6 - digits.count) + digits
  }

  /// CRC-32 as zlib has it.
  private static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 0 ? value >> 1 : 0xEDB8_8320 ^ (value >> 1)
    }
  }
}
