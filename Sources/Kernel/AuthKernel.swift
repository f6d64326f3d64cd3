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
  /// The kernel's clock. Its wall time never goes back.
  public var clock: any KernelClock { time }

  let time: HighWaterClock
  let hashers: [String: any SecretHasher]
  let formats: AcceptedFormats
  let extraction: Extraction
  let policies: PolicyChain
  let auditSinks: [any AuditSink]
  let cache: VerdictCache
  let stamps = ChangeStamps()
  let pool: HashPool
  let usage = UsageLedger()
  let upgrades = HashUpgrades()
  let order = PublicationOrder()
  /// Whether others change the store too, so that the cache is trusted under a lease only.
  let isShared: Bool
  private let flushTimer = Locked<RepeatingTimer?>(nil)
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

    let formats = AcceptedFormats(
      registry.formats, preferred: configuration.tokenFormat,
      accepted: configuration.acceptedFormats)
    self.configuration = configuration
    self.store = store
    self.primitives = primitives
    isShared = store is any SharedKeyStore
    plugins = registry.plugins
    time = HighWaterClock(clock)
    hashers = Dictionary(registry.hashers.map { ($0.algorithm, $0) }) { first, _ in first }
    self.formats = formats
    extraction = Extraction(
      extractors: registry.extractors, formats: formats, conflict: configuration.extractConflict)
    policies = PolicyChain(
      policies: registry.policies, asyncPolicies: registry.asyncPolicies, clock: time)
    auditSinks = registry.auditSinks
    cache = VerdictCache(
      entries: configuration.cacheEntries, wrongEntries: configuration.wrongCacheEntries)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    pool = HashPool(
      width: configuration.hashPoolWidth == 0 ? cores : configuration.hashPoolWidth,
      queueLimit: configuration.hashQueueLimit, deadline: configuration.hashDeadline, clock: time)
    for listener in registry.listeners { signals.subscribe(listener) }
  }

  /// Opens the store and starts the lease and the flushing of usage.
  public func start() async throws(StoreError) {
    try await store.open()
    let head = try await store.logHead()
    if let last = try await store.log(after: max(0, head.position - 1), limit: 1).last {
      time.note(last.at)
    }
    if formats.mayWake, let name = formats.catchAll?.name {
      var query = KeyQuery(now: time.now(), limit: 1)
      query.format = name
      if try await !store.keys(query).items.isEmpty { formats.wake() }
    }
    if let shared = store as? any SharedKeyStore {
      let lease = LeaseKeeper(
        store: shared, from: head.position, stamps: stamps, formats: formats,
        lease: configuration.lease, clock: time)
      leaseKeeper.storeIfNil(lease).start()
    }
    let timer = RepeatingTimer(
      every: configuration.usageFlushInterval, on: .global(qos: .utility)
    ) { [weak self] in
      guard let self else { return }
      Task { await self.flushUsage() }
    }
    flushTimer.withLock { $0 = timer }
  }

  /// Writes what was gathered, gives what is under way some time to finish, and closes the store. A listener or a
  /// hasher that hangs does not keep the process from ending.
  public func shutdown(within limit: Duration = .seconds(10)) async {
    flushTimer.withLock { $0 = nil }
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
