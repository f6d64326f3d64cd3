import CardeaExtractors
import CardeaFormats
import CardeaHMAC
import CardeaLifecycle
import CardeaPolicies
import CardeaSQLite
import CardeaSodium
import Foundation
import Testing

/// Kernels that share one file, each of which draws by itself.
@Suite("limits of kernels on one store")
struct SharedKernelTests {
  @Test func kernelsOnOneFileShareAQuota() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("cardea-limits-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("keys.sqlite3").path

    let kernels = [try await kernel(path), try await kernel(path)]
    let token = try await kernels[0].createKey(NewKey(name: "shop"), by: .host).token
    var allowed = 0
    for kernel in kernels + kernels { allowed += await exhaust(kernel, token) }
    // The second may let twenty through before it hears of the first.
    #expect((200...220).contains(allowed), "\(allowed)")
    for kernel in kernels { await kernel.shutdown() }

    let next = try await kernel(path)
    #expect(await exhaust(next, token) <= 20)
    await next.shutdown()
  }

  private func kernel(_ path: String) async throws -> AuthKernel {
    var registry = Registry()
    registry.use(try SodiumPrimitives())
    registry.use(
      try HMACSHA256Hasher(peppers: [
        try Pepper(version: "v1", secret: Secret([UInt8](repeating: 7, count: 32)))
      ]))
    registry.use(KeysmithFormat())
    registry.use(HeaderExtractor(name: "X-API-Key"))
    registry.use(SQLiteStore(path: path))
    registry.use(try RefillingQuotaPolicy([QuotaRule("calls 200 monthly")]))
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    let kernel = try AuthKernel(registry, configuration: configuration)
    try await kernel.start()
    return kernel
  }

  /// Asks until it is told that nothing is left before the month ends; how often it was let through.
  private func exhaust(_ kernel: AuthKernel, _ token: Secret) async -> Int {
    var allowed = 0
    for _ in 0..<1_000_000 {
      switch await kernel.authenticate(KeyRequest(token: token)) {
      case .allow: allowed += 1
      case .deny(let denial):
        #expect(denial.reason == .rateLimited)
        if let wait = denial.retryAfter, wait > .seconds(1) { return allowed }
        await Task.yield()
      }
    }
    Issue.record("it was never told that nothing is left")
    return allowed
  }
}

private struct KeyRequest: RequestView, Sendable {
  let token: Secret
  let method = "GET"
  let path = "/orders"
  let clientAddress: String? = "192.0.2.7"

  func header(_ name: String) -> FieldValue {
    name == "x-api-key" ? .one(token.reveal()) : .absent
  }
  func query(_ name: String) -> FieldValue { .absent }
}
