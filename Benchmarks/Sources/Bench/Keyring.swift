import Cardea
import Foundation

/// A request whose one header carries a token.
struct HeaderRequest: RequestView, Sendable {
  let token: String
  var method: String { "GET" }
  var path: String { "/orders" }
  var clientAddress: String? { nil }
  func header(_ name: String) -> FieldValue {
    name == "x-api-key" ? .one(token) : .absent
  }
  func query(_ name: String) -> FieldValue { .absent }
}

/// A kernel with a number of warm keys.
struct Keyring {
  let kernel: AuthKernel
  let requests: [HeaderRequest]

  static func make(_ count: Int, configure: (inout KernelConfiguration) -> Void = { _ in })
    async throws -> Keyring
  {
    var options = StandardOptions()
    options.peppers = [try Pepper(version: "v1", secret: Secret([UInt8](repeating: 3, count: 32)))]
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    configuration.cacheEntries = max(100_000, count * 2)
    configure(&configuration)
    let kernel = try AuthKernel.standard(
      store: MemoryStore(), options: options, configuration: configuration)
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

enum BenchError: Error { case denied, notWarm, failed(String) }

/// What a naive service does: a dictionary from the token in clear to its user, behind one lock.
final class NaiveKeyring: @unchecked Sendable {
  private let lock = NSLock()
  private var users: [String: Int] = [:]

  init(_ tokens: [String]) { for (index, token) in tokens.enumerated() { users[token] = index } }

  func user(_ token: String) -> Int? {
    lock.lock()
    defer { lock.unlock() }
    return users[token]
  }
}
