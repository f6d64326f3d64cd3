#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// The keys that a query finds and an action is for, newest first. `limit` and `after` of the query are not looked
  /// at.
  /// - Parameters:
  ///   - query: which keys.
  ///   - action: what is going to be done to them.
  ///   - rotation: how they shall be rotated, if that is the action.
  /// - Throws: also if no key could be rotated like that.
  public func select(
    _ query: KeyQuery, for action: BulkAction, rotation: Rotation = Rotation()
  ) async throws(LifecycleError) -> [SelectedKey] {
    try LifecycleRules.checkOverlap(rotation.overlap)
    if let name = rotation.format { _ = try format(named: name) }
    var query = query
    query.limit = 1_000
    query.after = nil
    var selected: [SelectedKey] = []
    repeat {
      let page = try await keys(query)
      for key in page.items.map(\.key) where action.isFor(key.status) {
        selected.append(SelectedKey(id: key.id, prefix: key.prefix))
      }
      query.after = page.cursor(in: query.sort)
    } while query.after != nil
    return selected
  }

  /// Changes many keys, each in a transaction part of its own: one that fails leaves the others alone. Changes that are
  /// under way together share the store's transactions, so that many cost little more than few.
  ///
  /// - Parameters:
  ///   - keys: what ``select(_:for:rotation:)`` gave.
  ///   - action: what to do to each.
  ///   - query: asked again when a key's turn comes: one that was used or edited meanwhile may not be meant any more.
  ///   - rotation: how to rotate, if that is the action.
  ///   - actor: who does it: what the actor may not do to a key is among the failures.
  ///   - each: told of every key as soon as its change is committed, one at a time. `false` ends the work: what is
  ///     under way is still done and told, nothing new is begun.
  public func change(
    _ keys: [SelectedKey], _ action: BulkAction, matching query: KeyQuery,
    rotation: Rotation = Rotation(), by actor: Actor,
    each: (SelectedKey, BulkOutcome) async -> Bool = { _, _ in true }
  ) async -> BulkReport {
    var report = BulkReport()
    report.matched = keys.count
    // A new secret is a slow hash, and a token that nobody may get to see: few at a time.
    let width = action == .rotate ? 2 : Batch.width
    await withTaskGroup(of: (SelectedKey, BulkOutcome).self) { group in
      var rest = keys[...]
      var goesOn = true
      func start() {
        guard goesOn, let key = rest.popFirst() else { return }
        group.addTask {
          let outcome = await ReceiptDetail.$namesNodes.withValue(false) {
            await self.outcome(key.id, action, query, rotation, actor)
          }
          return (key, outcome)
        }
      }
      for _ in 0..<width { start() }
      while let (key, outcome) = await group.next() {
        report.note(outcome, of: key)
        if case .failed(.storeUnavailable) = outcome { goesOn = false }
        if await !each(key, outcome) { goesOn = false }
        start()
      }
      report.notTried = rest.count
    }
    // Who obeys is asked once, after the last change.
    if !actor.isRehearsing, let last = report.receipt, last.isPartial {
      report.receipt = await receipt(last.position, isOwn: last.isOwn)
    }
    return report
  }

  private func outcome(
    _ id: UUID, _ action: BulkAction, _ query: KeyQuery, _ rotation: Rotation, _ actor: Actor
  ) async -> BulkOutcome {
    do throws(LifecycleError) {
      let stored = try await key(id)
      guard action.isFor(stored.key.status), query.takes(stored.key) else { return .unchanged }
      switch action {
      case .rotate: return .issued(try await rotateToken(id, rotation, by: actor))
      case .suspend: return .changed(try await suspendKey(id, by: actor))
      case .reactivate: return .changed(try await reactivateKey(id, by: actor))
      case .revoke: return .changed(try await revokeKey(id, by: actor))
      case .purge: return .changed(try await purgeKey(id, by: actor))
      }
    } catch { return .failed(error) }
  }
}
