import Cardea

/// A kernel with a number of warm keys.
package struct Keyring {
  package let kernel: AuthKernel
  package let requests: [HeaderRequest]

  package static func make(
    _ count: Int, clock: any KernelClock = SystemClock(),
    configure: (inout KernelConfiguration) -> Void = { _ in }
  ) async throws -> Keyring {
    var options = StandardOptions()
    options.peppers = [try Pepper(version: "v1", secret: Secret([UInt8](repeating: 3, count: 32)))]
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    configuration.cacheEntries = max(100_000, count * 2)
    configure(&configuration)
    let kernel = try AuthKernel.standard(
      store: MemoryStore(), options: options, configuration: configuration, clock: clock)
    try await kernel.start()
    var requests: [HeaderRequest] = []
    for _ in 0..<count {
      let issued = try await kernel.createKey(NewKey(name: "bench"), by: .host)
      let request = HeaderRequest(token: issued.token.reveal())
      guard case .allow = await kernel.authenticate(request) else { throw BenchError.denied }
      requests.append(request)
    }
    return Keyring(kernel: kernel, requests: requests.shuffled())
  }
}
