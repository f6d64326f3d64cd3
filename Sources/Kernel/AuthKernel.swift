import Dispatch
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The auth kernel: issues, verifies and ends API keys by way of its plugins, and publishes what happens.
///
/// Build one from a ``Registry``, call ``start()`` before the first request and ``shutdown(within:)`` after the last.
/// Kernels are values of their own: two live side by side in one process.
///
/// Threading: every method may be called from any thread or task.
public final class AuthKernel: Sendable {
  public let configuration: KernelConfiguration
  /// Where to subscribe to signals.
  public let signals = SignalBus()
  /// The registered plugins, for listings.
  public let plugins: [RegisteredPlugin]
  /// Not public: a change past the kernel would be neither logged nor seen by any cache.
  package let store: any KeyStore
  public let primitives: any Primitives
  /// What makes session tokens; `nil` if there are no sessions.
  public let sessions: (any SessionIssuer)?
  /// The kernel's clock. Its wall time never goes back.
  public var clock: any KernelClock { time }

  let time: HighWaterClock
  let hashers: [String: any SecretHasher]
  let extraction: Extraction
  let policies: PolicyChain
  let auditSinks: [any AuditSink]
  let asyncAuditSinks: [any AsyncAuditSink]
  let auditFailures = Tally()
  let cache: VerdictCache
  let stamps = ChangeStamps()
  let pool: HashPool
  let usage = UsageLedger()
  let upgrades = HashUpgrades()
  let order = PublicationOrder()
  /// Whether others change the store too, so that the cache is trusted under a lease only.
  let isShared: Bool
  /// Moves spooled authentications to the store, if there is a spool and the store keeps them.
  let accessLog: AccessLogDrain?
  /// Whether authentications are recorded, so that there are logs to keep up.
  let isRecording = Locked(false)
  private let timers = Locked<[RepeatingTimer]>([])
  private let leaseKeeper = AtomicLazyReference<LeaseKeeper>()

  /// Builds the kernel, or fails with every fault of the configuration at once.
  public init(
    _ registry: consuming Registry, configuration: KernelConfiguration = KernelConfiguration(),
    clock: any KernelClock = SystemClock()
  ) throws(ConfigurationFaults) {
    let faults = ConfigurationCheck.faults(of: registry, configuration)
    guard faults.isEmpty, let store = registry.stores.first,
      let primitives = registry.primitives.first
    else { throw ConfigurationFaults(faults) }

    let byName = Dictionary(registry.formats.map { ($0.name, $0) }) { first, _ in first }
    let accepted =
      configuration.acceptedFormats.isEmpty
      ? registry.formats.map(\.name) : configuration.acceptedFormats
    let names =
      [configuration.tokenFormat] + accepted.filter { $0 != configuration.tokenFormat }
    self.configuration = configuration
    self.store = store
    self.primitives = primitives
    sessions = registry.sessionIssuers.first
    isShared = store is any SharedKeyStore
    plugins = registry.plugins
    time = HighWaterClock(clock)
    hashers = Dictionary(registry.hashers.map { ($0.algorithm, $0) }) { first, _ in first }
    extraction = Extraction(
      extractors: registry.extractors, formats: names.compactMap { byName[$0] },
      conflict: configuration.extractConflict)
    policies = PolicyChain(
      policies: registry.policies, asyncPolicies: registry.asyncPolicies, clock: time)
    auditSinks = registry.auditSinks
    asyncAuditSinks = registry.asyncAuditSinks
    let sinks: [any Plugin] = registry.auditSinks + registry.asyncAuditSinks
    let spools = sinks.compactMap { $0 as? any AccessSpool }
    let logStore = spools.isEmpty ? nil : store as? any AccessLogStore
    accessLog = logStore.map {
      AccessLogDrain(store: $0, spools: spools, primitives: primitives)
    }
    cache = VerdictCache(
      entries: configuration.cacheEntries, wrongEntries: configuration.wrongCacheEntries)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    pool = HashPool(
      width: configuration.hashPoolWidth == 0 ? cores : configuration.hashPoolWidth,
      queueLimit: configuration.hashQueueLimit, deadline: configuration.hashDeadline, clock: time)
    for listener in registry.listeners { signals.subscribe(listener) }
  }

  /// Opens the store and the audit sinks, and starts the lease and what is done from time to time.
  /// - Parameter recording: whether authentications are going to be recorded. Without, audit sinks stay
  ///   closed: for a program that authenticates nothing.
  /// - Throws: ``StoreError``, or the ``ConfigurationFault`` of an audit sink that can't be opened.
  public func start(recording: Bool = true) async throws {
    try await store.open()
    do {
      if recording { try openAuditSinks() }
      if recording { try await accessLog?.resume() }
      try await startFollowing()
    } catch {
      await store.close()
      throw error
    }
    var timers = [
      RepeatingTimer(
        every: configuration.usageFlushInterval, on: .global(qos: .utility)
      ) { [weak self] in
        guard let self else { return }
        Task { await self.flushUsage() }
      }
    ]
    isRecording.withLock { $0 = recording }
    if recording { timers += auditTimers() }
    self.timers.withLock { [timers] held in held = timers }
  }

  private func startFollowing() async throws(StoreError) {
    let head = try await store.logHead()
    if let last = try await store.log(after: max(0, head.position - 1), limit: 1).last {
      time.note(last.at)
    }
    if let shared = store as? any SharedKeyStore {
      let lease = LeaseKeeper(
        store: shared, from: head.position, stamps: stamps, lease: configuration.lease, clock: time)
      leaseKeeper.storeIfNil(lease).start()
    }
  }

  /// Writes what was gathered, gives what is under way some time to finish, and closes the store. A listener or a
  /// hasher that hangs does not keep the process from ending.
  public func shutdown(within limit: Duration = .seconds(10)) async {
    timers.withLock { $0 = [] }
    lease?.stop()
    await flushUsage()
    for sink in auditSinks { try? sink.flush() }
    let isIdle = await Patience.result(within: limit) { [self] in
      await drain()
      return true
    }
    if isIdle == true {
      await flushUsage()
      for sink in auditSinks { try? sink.flush() }
    }
    _ = await Patience.result(within: limit) { [self] in
      await closeAudit()
      return true
    }
    await store.close()
  }

  /// Returns once hashes, background work and listeners' mailboxes have been idle.
  public func drain() async {
    await pool.drain()
    await upgrades.drain()
    await signals.drain()
  }

  /// Writes gathered usage to the store now. What can't be written is dropped: usage is no promise.
  public func flushUsage() async {
    let gathered = usage.take()
    if !gathered.isEmpty { try? await store.record(gathered) }
  }

  /// Slow hashes that wait for their turn now.
  public var waitingHashes: Int { pool.waiting }

  /// Whether the kernel can serve: the store answers, and the lease, if there is one, holds.
  public func readiness() async -> Readiness {
    let reachable: Bool
    do {
      _ = try await store.logHead()
      reachable = true
    } catch { reachable = false }
    return Readiness(storeReachable: reachable, leaseValid: lease?.isValid ?? true)
  }

  /// What ``readiness()`` found.
  public struct Readiness: Sendable, Equatable {
    public let storeReachable: Bool
    public let leaseValid: Bool
    public var isReady: Bool { storeReachable && leaseValid }
  }

  var lease: LeaseKeeper? {
    @inline(__always) get { leaseKeeper.load() }
  }
}
