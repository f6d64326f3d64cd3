import CardeaExtractors
import CardeaFormats
import CardeaLifecycle
import CardeaPBKDF2
import CardeaPostgreSQL
import CardeaSQLite
import CardeaSodium

/// A kernel whose durable listener prints what it is given, while others make keys. It is killed by the tests.
struct Deliverer {
  /// Says `started` once it takes its turn at delivering.
  /// - Parameter tasks: how many make keys; with 0 it only delivers.
  static func run(_ path: String, tasks: Int) async throws {
    var registry = Registry()
    registry.use(try SodiumPrimitives())
    registry.use(try PBKDF2SHA512Hasher(iterations: 10_000))
    registry.use(KeysmithFormat())
    registry.use(HeaderExtractor(name: "X-API-Key"))
    let isShared = path.hasPrefix("postgres:")
    if isShared {
      registry.use(try PostgreSQLStore(url: path))
    } else {
      registry.use(SQLiteStore(path: path))
    }
    registry.use(Printer())
    var configuration = KernelConfiguration()
    configuration.sweepInterval = nil
    // So that the next process need not wait long for this one's claim to run out. Where two live at once, a busy machine
    // must not cost the one its turn.
    configuration.subscriptionClaim = isShared ? .seconds(5) : .milliseconds(200)
    let kernel = try AuthKernel(registry, configuration: configuration)
    try await kernel.start()
    Output.line("started")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<tasks {
        group.addTask {
          while true {
            let issued = try await kernel.createKey(NewKey(name: "k"), by: .host)
            Output.line("ack \(issued.receipt.position)")
          }
        }
      }
      group.addTask {
        // Until it is killed.
        for await _ in AsyncStream<Void>.makeStream().stream {}
      }
      try await group.waitForAll()
    }
  }

  private struct Printer: SignalListener {
    let id = "listener.printer"
    let delivery = Delivery<AnySignal>.durable(cursor: "printer")

    func receive(_ signal: AnySignal) {
      guard let position = (signal.base as? any ChangeSignal)?.position else { return }
      Output.line("seen \(position)")
    }
  }
}
