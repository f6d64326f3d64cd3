import Dispatch
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The auth kernel: issues, verifies and ends API keys by way of its plugins, and publishes what happens.
///
/// Build one from a ``Registry``, call ``start(recording:)`` before the first request and ``shutdown(within:)`` after the last.
/// Kernels are values of their own: two live side by side in one process.
///
/// Threading: every method may be called from any thread or task.
public final class AuthKernel: Sendable {
  /// The settings that it was built with; nothing changes them.
  public let configuration: KernelConfiguration
  /// Where to subscribe to signals.
  public let signals: SignalBus
  /// The registered plugins, for listings.
  public let plugins: [RegisteredPlugin]
  /// Not public: a change past the kernel would be neither logged nor seen by any cache.
  package let store: any KeyStore
  /// Digests, randomness and signatures, as the kernel itself computes them.
  public let primitives: any Primitives
  /// What makes session tokens; `nil` if there are no sessions.
  public let sessions: (any SessionIssuer)?
  /// What plugins add to the admin page, in the order of registration.
  package let pages: [any PagePlugin]
  /// The kernel's clock: the store's, where it has one of its own. Its wall time never goes back.
  public var clock: any KernelClock { time }

  /// ``Primitives/keyedDigest(_:)``. A closure, since an existential would be copied for each call.
  let keyedDigest: @Sendable (UnsafeRawBufferPointer) -> Digest128
  package let time: HighWaterClock
  package let hashers: [String: any SecretHasher]
  package let formats: AcceptedFormats
  let extraction: Extraction
  package let policies: PolicyChain
  /// What limits count in, if other processes share a store that counts for all of them.
  let leases: QuotaLeases?
  package let metadataReaders: [any MetadataChecking]
  package let attempts: FailedAttempts
  let auditSinks: [any AuditSink]
  let asyncAuditSinks: [any AsyncAuditSink]
  let auditFailures = Tally()
  let meter: (any KernelMeter)?
  package let cache: VerdictCache
  package let stamps = ChangeStamps()
  let pool: HashPool
  let usage = UsageLedger()
  /// The last of those who write it.
  private let flush = Locked<Task<Bool, Never>?>(nil)
  let upgrades = HashUpgrades()
  let readings = ReadingsUnderWay()
  /// Verdicts that are brought to who does not suspend for them.
  let pending = DispatchGroup()
  let order = PublicationOrder()
  package let logWatch = LogWatch()
  package let durable: DurableLanes
  /// Whether others change the store too, so that the cache is trusted under a lease only.
  let isShared: Bool
  /// Who shares it, if the store says.
  let roll: NodeRoll?
  /// How this process introduces itself to the others.
  let card: NodeCard
  /// Whether it takes part as a node.
  let isNode = Atomic<Bool>(false)
  /// Moves spooled authentications to the store, if there is a spool and the store keeps them.
  let accessLog: AccessLogDrain?
  /// Whether authentications are recorded, so that there are logs to keep up.
  let isRecording = Locked(false)
  private let timers = Locked<[RepeatingTimer]>([])
  /// No global queue: whatever blocks those must not stop what the kernel does by the clock.
  private let timerQueue = DispatchQueue(label: "cardea.kernel.timers", qos: .utility)
  private let sweeps = Locked(Sweeps())
  private let leaseKeeper = AtomicLazyReference<LeaseKeeper>()

  /// Builds the kernel, or fails with every fault of the configuration at once.
  /// - Parameters:
  ///   - registry: the plugins: at least a store, primitives, a hasher, a format and an extractor.
  ///   - configuration: the settings that are no plugin's.
  ///   - clock: what tells the time; tests give one of their own.
  ///   - meter: is told how long authentications and commits take.
  public init(
    _ registry: consuming Registry, configuration: KernelConfiguration = KernelConfiguration(),
    clock: any KernelClock = SystemClock(), meter: (any KernelMeter)? = nil
  ) throws(ConfigurationFaults) {
    let faults = ConfigurationCheck.faults(of: registry, configuration)
    guard faults.isEmpty, let store = registry.stores.first,
      let primitives = registry.primitives.first
    else { throw ConfigurationFaults(faults) }

    let formats = AcceptedFormats(
      registry.formats, preferred: configuration.tokenFormat,
      accepted: configuration.acceptedFormats)
    self.configuration = configuration
    self.meter = meter
    self.store = store
    self.primitives = primitives
    keyedDigest = { primitives.keyedDigest($0) }
    sessions = registry.sessionIssuers.first
    pages = registry.pages
    isShared = store is any SharedKeyStore
    roll = (store as? any ManyNodeStore).map { NodeRoll($0) }
    card = NodeCard(
      id: UUID.version7(at: clock.now(), random: primitives.randomBytes(10)),
      name: configuration.nodeName, lease: configuration.lease + configuration.maxStale,
      version: configuration.nodeVersion)
    plugins = registry.plugins
    time = HighWaterClock(clock, followsStore: store is any ManyNodeStore)
    hashers = Dictionary(registry.hashers.map { ($0.algorithm, $0) }) { first, _ in first }
    self.formats = formats
    extraction = Extraction(
      extractors: registry.extractors, formats: formats, conflict: configuration.extractConflict)
    policies = PolicyChain(
      policies: registry.policies, asyncPolicies: registry.asyncPolicies, clock: time)
    leases = (store as? any SharedKeyStore & QuotaStore).map { [time] in
      QuotaLeases(store: $0, clock: time)
    }
    metadataReaders = registry.metadataReaders
    attempts = FailedAttempts(
      perAddress: configuration.failedPerAddress,
      perPair: configuration.failedPerPrefixAndAddress, entries: configuration.limitEntries,
      primitives: primitives, clock: time)
    auditSinks = registry.auditSinks
    durable = DurableLanes(
      store: store, clock: time, claim: configuration.subscriptionClaim, watch: logWatch)
    signals = SignalBus(clock: time, durable: durable)
    asyncAuditSinks = registry.asyncAuditSinks
    let sinks: [any Plugin] = registry.auditSinks + registry.asyncAuditSinks
    let spools = sinks.compactMap { $0 as? any AccessSpool }
    let logStore = spools.isEmpty ? nil : store as? any AccessLogStore
    accessLog = logStore.map { [time] in
      AccessLogDrain(store: $0, spools: spools, primitives: primitives, clock: time)
    }
    cache = VerdictCache(
      entries: configuration.cacheEntries, wrongEntries: configuration.wrongCacheEntries)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    pool = HashPool(
      width: configuration.hashPoolWidth == 0 ? cores : configuration.hashPoolWidth,
      queueLimit: configuration.hashQueueLimit, deadline: configuration.hashDeadline, clock: time)
    for listener in registry.listeners { signals.subscribe(listener) }
  }

  /// Opens the store and the audit sinks, and starts what goes on by the clock: the lease, the flushing of usage,
  /// the sweeps, durable deliveries, the keeping up of the logs. To be called once.
  /// - Parameter recording: whether authentications are going to be recorded. Without, audit sinks stay
  ///   closed: for a program that authenticates nothing.
  /// - Throws: a ``StoreError``; the ``ConfigurationFault`` of an audit sink that can't be opened; or
  ///   ``ConfigurationFaults`` if living keys need a hasher or a pepper that is not there. The store is closed
  ///   again then.
  public func start(recording: Bool = true) async throws {
    try await store.open()
    do {
      try await checkHashes()
      if recording { try openAuditSinks() }
      if recording { try await accessLog?.resume() }
      try await startFollowing(recording)
    } catch {
      await store.close()
      throw error
    }
    isRecording.withLock { $0 = recording }
    if recording {
      startAuditTimers()
      startLeasing()
    }
  }

  /// Whether the store is one in which all nodes can count together what policies limit.
  package var sharesLimits: Bool { leases != nil }

  /// Lets all nodes count together what policies limit. A program that authenticates nothing counts nothing.
  private func startLeasing() {
    let counting = policies.after.compactMap { $0 as? any LeasingPolicy }
    guard let leases, !counting.isEmpty else { return }
    for policy in counting { policy.lease(from: leases) }
    every(.seconds(1)) { $0.leases?.sweep() }
  }

  private func checkHashes() async throws {
    let schemes = hashers.values.reduce(into: Set<String>()) { $0.formUnion($1.schemes) }
    let faults = try await store.hashUses(besides: schemes).map {
      ConfigurationCheck.fault(of: $0, algorithms: Set(hashers.keys))
    }
    guard faults.isEmpty else { throw ConfigurationFaults(faults) }
  }

  private func startFollowing(_ recording: Bool) async throws(StoreError) {
    let head = try await store.logHead()
    if let now = (store as? any ManyNodeStore)?.storeTime { time.note(storeTime: now) }
    try await noteLatestTimes(after: head)
    logWatch.begin(at: head.position)
    if let name = formats.sleeper?.name {
      var query = KeyQuery(now: time.now(), limit: 1)
      query.format = name
      if try await !store.keys(query).items.isEmpty { formats.wake() }
    }
    if let shared = store as? any SharedKeyStore {
      let lease = LeaseKeeper(
        store: shared, from: head.position, stamps: stamps, formats: formats, watch: logWatch,
        lease: configuration.lease, clock: time, isNode: recording)
      if recording, let nodes = roll?.store { try await join(nodes, lease) }
      leaseKeeper.storeIfNil(lease).start()
    }
    await durable.start()
    every(configuration.usageFlushInterval) { kernel in Task { await kernel.flushUsage() } }
    every(.seconds(1)) { kernel in
      kernel.signals.reportHung(after: kernel.configuration.listenerDeadline)
      kernel.durable.wake()
    }
    if let interval = configuration.sweepInterval {
      every(interval) { kernel in Task { await kernel.sweepUnlessBusy() } }
    }
  }

  /// Time never goes back behind what the logs say, however the clock was set between two runs: a key that was
  /// refused as expired stays so. Rows of other systems say nothing about this one's clock.
  private func noteLatestTimes(after head: LogHead) async throws(StoreError) {
    if let last = try await store.log(after: max(0, head.position - 1), limit: 1).last {
      time.note(last.at)
    }
    guard let accesses = store as? any AccessLogStore else { return }
    for head in try await accesses.accessHeads() where !head.isForeign {
      let last = try await accesses.accessLog(
        node: head.node, after: max(head.basePosition, head.position - 1), limit: 1
      ).last
      if let last { time.note(last.at) }
    }
  }

  /// Does something by the clock until the kernel shuts down.
  func every(_ interval: Duration, _ work: @escaping @Sendable (AuthKernel) -> Void) {
    let timer = RepeatingTimer(every: interval, on: timerQueue) { [weak self] in
      if let self { work(self) }
    }
    timers.withLock { $0.append(timer) }
  }

  private struct Sweeps: Sendable {
    var isRunning = false
    /// When unused keys were last looked for (monotonic).
    var unusedAt: UInt64?
  }

  private func sweepUnlessBusy() async {
    guard
      sweeps.withLock({ sweeps in
        defer { sweeps.isRunning = true }
        return !sweeps.isRunning
      })
    else { return }
    // What the store can't do now, the next sweep does.
    _ = try? await sweep()
    sweeps.withLock { $0.isRunning = false }
  }

  /// Whether to look for unused keys, which means every key: at most once an hour.
  func isTimeForUnused() -> Bool {
    sweeps.withLock { sweeps in
      let now = time.monotonic()
      if let last = sweeps.unusedAt, now &- last < Duration.seconds(3600).nanoseconds {
        return false
      }
      sweeps.unusedAt = now
      return true
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
    _ = await Patience.result(within: limit) { [self] in
      await leases?.stop()
      return true
    }
    await durable.release()
    await store.close()
  }

  /// Returns once verdicts that somebody waits for without suspending, hashes, background work and listeners' mailboxes
  /// have been idle.
  public func drain() async {
    await withCheckedContinuation { idle in pending.notify(queue: timerQueue) { idle.resume() } }
    await pool.drain()
    await upgrades.drain()
    await signals.drain()
  }

  /// Writes gathered usage to the store now, after whoever does so already.
  /// - Returns: whether all of it is written. What is not is kept for the next time, as far as memory is bounded.
  @discardableResult
  public func flushUsage() async -> Bool {
    let mine = flush.withLock { last in
      let next = Task { [last] in
        _ = await last?.value
        let gathered = usage.take()
        do { if !gathered.isEmpty { try await store.record(gathered) } } catch {
          usage.giveBack(gathered)
          return false
        }
        return true
      }
      last = next
      return next
    }
    return await mine.value
  }

  /// Whether a policy may deny, or state limits: without one, identities and denials never carry any.
  public var hasPolicies: Bool {
    !policies.before.isEmpty || !policies.after.isEmpty || !policies.asynchronous.isEmpty
  }

  /// Whether the kernel can serve: the store answers, the lease, if there is one, holds, and what is decided can be
  /// recorded.
  public func readiness() async -> Readiness {
    let reachable: Bool
    do {
      _ = try await store.logHead()
      reachable = true
    } catch { reachable = false }
    return Readiness(
      storeReachable: reachable, leaseValid: lease?.isValid ?? true,
      failingSinks: isRecording.withLock { $0 } ? failingSinks() : [],
      deniesUnrecorded: configuration.auditOnFailure == .deny)
  }

  /// What ``readiness()`` found.
  public struct Readiness: Sendable, Equatable {
    /// Whether the store answered.
    public let storeReachable: Bool
    /// Whether the store's log was followed within the lease; `true` where nobody shares the store.
    public let leaseValid: Bool
    /// The ids of audit sinks that can't record now.
    public let failingSinks: [String]
    /// Whether what can't be recorded is denied (`audit.on_failure`).
    public let deniesUnrecorded: Bool
    /// Whether what is decided can be recorded, or need not be.
    public var auditWorks: Bool { failingSinks.isEmpty || !deniesUnrecorded }
    /// Whether requests should come here: all of it.
    public var isReady: Bool { storeReachable && leaseValid && auditWorks }
  }

  var lease: LeaseKeeper? {
    @inline(__always) get { leaseKeeper.load() }
  }
}
