extension AuthKernel {
  /// Moves to the store what spools hold now. What the store does not take stays where it is.
  public func drainAccessLog() async { await accessLog?.drain() }

  /// The ids of sinks that can't record now.
  func failingSinks() -> [String] {
    auditSinks.filter { !$0.canRecord() }.map { $0.id }
      + asyncAuditSinks.filter { !$0.canRecord() }.map { $0.id }
  }

  func openAuditSinks() throws(ConfigurationFault) {
    for sink in auditSinks { try sink.open() }
    for sink in asyncAuditSinks { try sink.open() }
  }

  /// Starts the draining and the keeping up of the logs.
  func startAuditTimers() {
    if accessLog != nil {
      every(configuration.auditDrainInterval) { kernel in
        Task(priority: .utility) { await kernel.drainAccessLog() }
      }
    }
    if keepsCheckpoints {
      // So that a new log has a signature from its first minute on.
      if configuration.auditSigningKey != nil {
        Task(priority: .utility) { _ = try? await checkpointAudit(.periodic) }
      }
      every(configuration.auditUpkeepInterval) { kernel in
        Task(priority: .utility) { await kernel.keepUpAudit() }
      }
    }
  }

  /// Whether this process makes checkpoints by itself.
  private var keepsCheckpoints: Bool {
    isRecording.withLock { $0 } && store is any AccessLogStore
      && (accessLog != nil || configuration.auditSigningKey != nil
        || configuration.auditRetention != nil)
  }

  /// Applies retention, and states in a checkpoint where the logs stand. What fails is tried again next time.
  func keepUpAudit() async {
    if let retention = configuration.auditRetention {
      _ = try? await pruneAudit(olderThan: retention)
    }
    _ = try? await checkpointAudit(.periodic)
  }

  /// The last batch goes to the store before the spools are closed.
  func closeAudit() async {
    for sink in asyncAuditSinks where !(sink is any AccessSpool) { await sink.close() }
    await drainAccessLog()
    if keepsCheckpoints { _ = try? await checkpointAudit(.shutdown) }
    for sink in asyncAuditSinks where sink is any AccessSpool { await sink.close() }
  }

  /// The store, if it keeps an access log.
  package func logStore() throws(LifecycleError) -> any AccessLogStore {
    guard let store = store as? any AccessLogStore else {
      throw .failed("the store keeps no access log")
    }
    return store
  }

  // MARK: Checkpoints

  /// States where both logs stand, signed if there is a key; `nil` if the last checkpoint says as much, or is
  /// signed and there is no key here: an unsigned one behind it would look like tampering.
  @discardableResult
  public func checkpointAudit(
    _ kind: Checkpoint.Kind
  ) async throws(LifecycleError) -> Checkpoint? {
    try await inStore { () async throws(StoreError) in try await checkpoint(kind, pruning: nil) }
  }

  private func checkpoint(
    _ kind: Checkpoint.Kind, pruning plan: PrunePlan?
  ) async throws(StoreError) -> Checkpoint? {
    guard let keeper = store as? any AccessLogStore else { return nil }
    let (key, primitives, now) = (configuration.auditSigningKey, primitives, time.now())
    return try await keeper.checkpoint { last, heads in
      let statement = CheckpointStatement(
        after: last, at: now, kind: kind, heads: heads, pruning: plan)
      if key == nil, last?.publicKey != nil { return nil }
      if plan == nil, let last, last.publicKey == key.map({ primitives.publicKey(of: $0) }),
        let said = CheckpointStatement(last.text), said.says(asMuchAs: statement)
      {
        return nil
      }
      let text = statement.text
      return Checkpoint(
        number: statement.number, text: text,
        publicKey: key.map { primitives.publicKey(of: $0) },
        signature: key.map { primitives.sign(text, with: $0) })
    }
  }

  // MARK: Pruning

  /// What a prune of both logs took, or would take.
  public struct AuditPrune: Sendable, Equatable {
    /// Entries of the access log, oldest first within each node.
    public var accessEntries: Int64 = 0
    /// Payloads of the signal log; its headers stay, since caches and cursors follow its positions.
    public var signalPayloads: Int64 = 0
  }

  /// Deletes what is older than an age from the access log, and its payloads from the signal log. A checkpoint says
  /// first what goes, so that the logs stay verifiable also if the prune is interrupted.
  /// - Parameters:
  ///   - age: entries that were made longer ago go.
  ///   - dryRun: only counts.
  ///   - progress: called with what has been done so far.
  public func pruneAudit(
    olderThan age: Duration, dryRun: Bool = false,
    progress: @Sendable (AuditPrune) -> Void = { _ in }
  ) async throws(LifecycleError) -> AuditPrune {
    guard let cutoff = time.now().adding(.zero - age) else { return AuditPrune() }
    let store = try logStore()
    let done: AuditPrune?
    do throws(StoreError) {
      let plan = try await store.prunable(before: cutoff)
      if dryRun || plan.isEmpty {
        return AuditPrune(
          accessEntries: plan.nodes.reduce(0) { $0 + $1.entries },
          signalPayloads: plan.signalPayloads)
      }
      done = try await prune(plan, store, progress)
    } catch { throw LifecycleError(error) }
    guard let done else {
      throw .failed("checkpoints are signed, and there is no key here to sign what is pruned")
    }
    return done
  }

  /// `nil` if what goes could not be stated.
  private func prune(
    _ plan: PrunePlan, _ store: any AccessLogStore, _ progress: @Sendable (AuditPrune) -> Void
  ) async throws(StoreError) -> AuditPrune? {
    guard try await checkpoint(.prune, pruning: plan) != nil else { return nil }
    var done = AuditPrune()
    for node in plan.nodes {
      while true {
        let count = try await store.pruneAccess(
          node: node.node, through: node.position, limit: AuthKernel.pruneChunk)
        if count == 0 { break }
        done.accessEntries += Int64(count)
        progress(done)
      }
    }
    while true {
      let count = try await store.pruneSignals(
        through: plan.signalPosition, limit: AuthKernel.pruneChunk)
      if count == 0 { break }
      done.signalPayloads += Int64(count)
      progress(done)
    }
    return done
  }

  /// Entries that one transaction takes: some milliseconds' work, for which a revocation may have to wait.
  private static let pruneChunk = 1_000
}
