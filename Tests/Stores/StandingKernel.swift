import CardeaExtractors
import CardeaFormats
import CardeaHMAC
import CardeaKernel
import CardeaSodium

/// A kernel with a fast hash in which nothing goes on by the clock.
enum StandingKernel {
  /// - Parameters:
  ///   - recording: whether its authentications are recorded.
  ///   - plugins: its store, and what else it has.
  static func start(
    _ clock: some KernelClock, recording: Bool = true,
    configure: (inout KernelConfiguration) -> Void = { _ in }, plugins: (inout Registry) -> Void
  ) async throws -> AuthKernel {
    var registry = Registry()
    registry.use(try SodiumPrimitives())
    registry.use(
      try HMACSHA256Hasher(peppers: [
        try Pepper(version: "v1", secret: Secret([UInt8](repeating: 7, count: 32)))
      ]))
    registry.use(KeysmithFormat())
    registry.use(HeaderExtractor(name: "X-API-Key"))
    plugins(&registry)
    var configuration = KernelConfiguration()
    configuration.preferredHasher = "hmac_sha256"
    configuration.sweepInterval = nil
    configuration.usageFlushInterval = .seconds(86_400)
    configuration.auditDrainInterval = .seconds(86_400)
    configuration.auditUpkeepInterval = .seconds(86_400)
    configure(&configuration)
    let kernel = try AuthKernel(registry, configuration: configuration, clock: clock)
    try await kernel.start(recording: recording)
    return kernel
  }
}
