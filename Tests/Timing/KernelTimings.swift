import Cardea

/// T2: `authenticate` on a key's prefix with wrong secrets, each of which is hashed, or remembered as wrong.
enum KernelTimings {
  static func all(seed: UInt64) async throws -> [Comparison] {
    var rows: [Comparison] = []
    for (name, remembered) in [("hashed", 0), ("remembered", 10_000)] {
      for (first, second) in [
        (Guess.wrongFirst, Guess.wrongLast), (.wrongFirst, .wrongThroughout),
      ] {
        rows.append(try await compare("T2 \(name)", remembered, first, second, seed))
      }
    }
    rows.append(try await compare("control hashed", 0, .wrongFirst, .wrongFirst, seed))
    return rows
  }

  private static func compare(
    _ name: String, _ remembered: Int, _ first: Guess, _ second: Guess, _ seed: UInt64
  ) async throws -> Comparison {
    var options = StandardOptions()
    options.peppers = [try Pepper(version: "v1", secret: Secret([UInt8](repeating: 3, count: 32)))]
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    configuration.wrongCacheEntries = remembered
    let kernel = try AuthKernel.standard(
      store: MemoryStore(), options: options, configuration: configuration)
    try await kernel.start()
    let token = try await kernel.createKey(NewKey(name: "timing"), by: .host).token.reveal()
    var coin = Coin(state: seed)
    let row = try await Comparison(
      "\(name): \(first) | \(second)", samples: 400_000, seed: seed
    ) { isSecond in
      // Made anew each time, so that no class has the better places in memory.
      let request = Presented(
        token: Guess.token(token, isSecond: isSecond, of: (first, second), &coin))
      if remembered > 0 { _ = await kernel.authenticate(request) }
      let began = nanoseconds()
      let verdict = await kernel.authenticate(request)
      let took = nanoseconds() - began
      guard verdict.denial?.reason == .wrongSecret else {
        throw TimingFault(text: "\(verdict) in place of wrong_secret")
      }
      return took
    }
    await kernel.shutdown()
    return row
  }
}

/// A request that carries a token, from nowhere, so that no limit counts it.
private struct Presented: RequestView, Sendable {
  let token: String
  var method: String { "GET" }
  var path: String { "/" }
  var clientAddress: String? { nil }
  func header(_ name: String) -> FieldValue { name == "x-api-key" ? .one(token) : .absent }
  func query(_ name: String) -> FieldValue { .absent }
}
