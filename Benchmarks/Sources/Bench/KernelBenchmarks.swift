import BenchSupport
import CBenchOpenSSL
import CBenchSodium
import Cardea
import Dispatch
import Foundation

enum KernelBenchmarks {
  /// P1: warm authentication beside a dictionary of tokens in clear.
  static func warm() async throws -> [String: [Measurement]] {
    var results: [String: [Measurement]] = [:]
    for count in [1, 100_000] {
      let ring = try await Keyring.make(count)
      let naive = NaiveKeyring(ring.requests.map(\.token))
      let operations = 400_000
      let measured = try await compare(
        operations: operations,
        [
          Contender(name: "dictionary of tokens in clear") { operations in
            let requests = ring.requests
            var index = 0
            for _ in 0..<operations {
              if naive.user(requests[index].token) == nil { throw BenchError.denied }
              index += 1
              if index == count { index = 0 }
            }
          },
          Contender(name: "warm authenticate") { operations in
            try Self.authenticate(ring, operations)
          },
          Contender(name: "warm authenticate, 2 threads (per thread)") { operations in
            let failures = await withTaskGroup(of: Bool.self) { group in
              for _ in 0..<2 {
                group.addTask { (try? Self.authenticate(ring, operations)) == nil }
              }
              return await group.contains(true)
            }
            if failures { throw BenchError.notWarm }
          },
        ])
      report("Warm authenticate, \(count) key\(count == 1 ? "" : "s")", measured)
      results["warm_\(count)"] = measured
      await ring.kernel.shutdown()
    }
    return results
  }

  private static func authenticate(_ ring: Keyring, _ operations: Int) throws {
    let (kernel, requests) = (ring.kernel, ring.requests)
    var index = 0
    for _ in 0..<operations {
      guard case .allow? = kernel.authenticateIfWarm(requests[index]) else {
        throw BenchError.notWarm
      }
      index += 1
      if index == requests.count { index = 0 }
    }
  }

  /// P2: cold authentication beside the bare C call of each hasher.
  static func cold() async throws -> [String: [Measurement]] {
    var results: [String: [Measurement]] = [:]
    for (algorithm, operations) in [
      ("pbkdf2_sha512", 10), ("argon2id", 20), ("hmac_sha256", 20_000),
    ] {
      let ring = try await Keyring.make(1) {
        $0.preferredHasher = algorithm
        $0.cacheEntries = 0
        $0.wrongCacheEntries = 0
      }
      let token = ring.requests[0].token
      let prefix = String(token.prefix { $0 != ":" })
      let tail = token.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst()
      let secret = Array(tail.dropLast(6))
      guard let row = try await ring.kernel.key(prefix: prefix).key.secrets.first else {
        throw BenchError.failed("no key")
      }
      let kernel = ring.kernel
      // With a cache of no entries every request reads the store and hashes. Two hundredths are to be seen: many rounds.
      let measured = try await compare(
        rounds: 15, operations: operations,
        [
          Contender(name: "bare C call: \(algorithm)") { operations in
            for _ in 0..<operations { try bare(algorithm, secret, row.hash) }
          },
          Contender(name: "cold authenticate: \(algorithm)") { operations in
            for _ in 0..<operations {
              let cold = try await kernel.cold(token)
              if cold == nil { throw BenchError.denied }
            }
          },
        ])
      report("Cold authenticate, \(algorithm)", measured)
      results["cold_\(algorithm)"] = measured
      await kernel.shutdown()
    }
    return results
  }

  private static func bare(_ algorithm: String, _ secret: [UInt8], _ hash: EncodedHash) throws {
    var out = [UInt8](repeating: 0, count: 64)
    switch algorithm {
    case "pbkdf2_sha512":
      let salt = Array(hash.fields[2].utf8)
      _ = secret.withUnsafeBytes { bytes in
        PKCS5_PBKDF2_HMAC(
          bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), salt,
          Int32(salt.count), 100_000, EVP_sha512(), 64, &out)
      }
    case "argon2id":
      let text = "$" + hash.encoded
      let ok = secret.withUnsafeBytes { bytes in
        bytes.withMemoryRebound(to: CChar.self) { characters in
          characters.baseAddress.map {
            crypto_pwhash_str_verify(text, $0, UInt64(characters.count))
          } ?? -1
        }
      }
      if ok != 0 { throw BenchError.failed("argon2id") }
    default:
      var length = 0
      let key = [UInt8](repeating: 3, count: 32)
      _ = EVP_Q_mac(
        nil, "HMAC", nil, "SHA256", nil, key, key.count, secret, secret.count, &out, out.count,
        &length)
    }
  }

  /// P3: what publishing costs the publisher.
  static func publish() async throws -> [String: [Measurement]] {
    let nobody = SignalBus()
    let one = SignalBus()
    let eight = SignalBus()
    let queued = SignalBus()
    let tally = Tally()
    one.subscribe(KeyRevoked.self, id: "a", .inline) { _ in tally.add() }
    for _ in 0..<8 { eight.subscribe(KeyRevoked.self, id: "a", .inline) { _ in tally.add() } }
    queued.subscribe(
      KeyRevoked.self, id: "a", .queue(bound: 1_000_000, overflow: .dropOldest)
    ) { _ in tally.add() }
    let closures: [@Sendable (KeyRevoked) -> Void] = [{ _ in tally.add() }]
    let queue = DispatchQueue(label: "bench")
    let change = KeyRevoked.sample
    func publishing(_ bus: SignalBus) -> (Int) async -> Void {
      { operations in
        for _ in 0..<operations { bus.publish(change) }
        await bus.drain()
      }
    }
    let measured = try await compare(
      operations: 200_000,
      [
        Contender(name: "an array of one closure") { operations in
          for _ in 0..<operations { for closure in closures { closure(change) } }
        },
        Contender(name: "publish, no listener", run: publishing(nobody)),
        Contender(name: "publish, 1 inline", run: publishing(one)),
        Contender(name: "publish, 8 inline", run: publishing(eight)),
        Contender(name: "DispatchQueue.async, to the end") { operations in
          for _ in 0..<operations { queue.async { tally.add() } }
          queue.sync {}
        },
        Contender(name: "publish, 1 queued, to the end", run: publishing(queued)),
      ])
    report("Publish", measured)
    return ["publish": measured]
  }
}
