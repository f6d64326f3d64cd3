#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// Announces the keys that will expire soon (``KeyExpiring``) and that have expired (``KeyExpired``), and suspends
  /// those that nobody used for `keys.suspend_unused`.
  ///
  /// What was announced is marked in the key by the transaction that logs the signal, so that it is announced once,
  /// also across restarts and however many nodes sweep. Called by the kernel every `keys.sweep_interval`, and
  /// by whoever wants it now.
  @discardableResult
  public func sweep() async throws(LifecycleError) -> SweepReport {
    var report = SweepReport()
    // The most urgent first: a key that is marked with it is not due for those before it.
    report.expired = try await announce(days: 0)
    for days in Set(configuration.expiryNoticeDays).sorted() {
      report.expiring += try await announce(days: days)
    }
    report.suspended = try await suspendUnused()
    return report
  }

  /// The nearest threshold that lies behind already when an expiry is set: of that one nobody is to be told.
  package func passedNotice(of expiresAt: Timestamp?, at now: Timestamp) -> Int? {
    guard let expiresAt else { return nil }
    return configuration.expiryNoticeDays.filter { days in
      now.adding(.days(days)).map { $0 >= expiresAt } ?? true
    }.min()
  }

  private func announce(days: Int) async throws(LifecycleError) -> Int {
    let now = time.now()
    var query = KeyQuery(now: now, limit: 500)
    query.unannouncedDays = days
    // Expiry at this very moment counts.
    query.expiresBefore = (now.adding(.days(days)) ?? .latest).adding(.milliseconds(1)) ?? .latest
    return try await onEvery(query) { id throws(LifecycleError) in
      try await self.announce(id, days: days)
    }
  }

  /// Whether the key had not been announced yet.
  private func announce(_ id: UUID, days: Int) async throws(LifecycleError) -> Bool {
    var isDue = false
    func isStillDue(_ stored: StoredKey, _ now: Timestamp) -> Bool {
      guard stored.key.status == .active, let expiresAt = stored.key.expiresAt,
        stored.key.expiryNoticeDays.map({ $0 > days }) ?? true,
        now.adding(.days(days)).map({ $0 >= expiresAt }) ?? true
      else { return false }
      return days == 0 || now < expiresAt
    }
    if days == 0 {
      _ = try await change(id, by: .kernel) {
        (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeyExpired? in
        isDue = isStillDue(stored, now)
        guard isDue else { return nil }
        stored.key.expiryNoticeDays = 0
        return KeyExpired(
          at: now, actor: Actor.kernel.description, key: KeyFacts(stored, at: now))
      }
    } else {
      _ = try await change(id, by: .kernel) {
        (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeyExpiring? in
        isDue = isStillDue(stored, now)
        guard isDue else { return nil }
        stored.key.expiryNoticeDays = days
        return KeyExpiring(
          at: now, actor: Actor.kernel.description, key: KeyFacts(stored, at: now), days: days)
      }
    }
    return isDue
  }

  /// Keys that hold `cardea:admin` are left alone: they are what everything else could be repaired with.
  private func suspendUnused() async throws(LifecycleError) -> Int {
    // What was gathered counts as use: while it can't be written nobody knows who is unused.
    guard let limit = configuration.suspendUnused, await flushUsage(), isTimeForUnused()
    else { return 0 }
    let now = time.now()
    guard let before = now.adding(.zero - limit) else { return 0 }
    var query = KeyQuery(now: now, limit: 500)
    query.state = .active
    query.unusedBefore = before
    return try await onEvery(query) { id throws(LifecycleError) in
      var isDue = false
      _ = try await self.change(id, by: .kernel) {
        (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeySuspended? in
        isDue =
          stored.key.state(at: now) == .active && stored.key.unusedSince < before
          && !stored.key.scopes.isAdmin
        guard isDue else { return nil }
        stored.key.status = .suspended
        return KeySuspended(
          at: now, actor: Actor.kernel.description, key: KeyFacts(stored, at: now))
      }
      return isDue
    }
  }

  /// Runs `work` on every key that a query finds, page by page; how often it said `true`. A key that is gone
  /// meanwhile, or that others keep changing, is left to the next sweep.
  private func onEvery(
    _ query: KeyQuery, _ work: @escaping @Sendable (UUID) async throws(LifecycleError) -> Bool
  ) async throws(LifecycleError) -> Int {
    var query = query
    var count = 0
    repeat {
      let page = try await keys(query)
      let outcomes = await Batch.run(page.items.map(\.key.id)) { id in
        await ReceiptDetail.$namesNodes.withValue(false) { () -> Result<Bool, LifecycleError> in
          do throws(LifecycleError) { return .success(try await work(id)) } catch {
            return .failure(error)
          }
        }
      }
      for outcome in outcomes {
        switch outcome {
        case .success(let isDone): count += isDone ? 1 : 0
        case .failure(.notFound), .failure(.conflict): break
        case .failure(let error): throw error
        }
      }
      query.after = page.cursor(in: query.sort)
    } while query.after != nil
    return count
  }
}
