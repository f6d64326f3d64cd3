import CardeaLifecycle
import CardeaSQLite
import CardeaWebhooks

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Denies in a restored store what the replaced one denied: revoked stays revoked, a token that was rotated out stays
/// dead, and nothing is sent to where nothing was sent any more. Of what the copy is too old to have it leaves a
/// ``Recollection``.
struct Reenactment {
  private let kernel: AuthKernel
  private let webhooks: Webhooks?
  private let old: SQLiteStore

  /// - Parameters:
  ///   - webhooks: the restored store's.
  ///   - old: the replaced store's file.
  init(_ kernel: AuthKernel, _ webhooks: Webhooks?, old: String) {
    self.kernel = kernel
    self.webhooks = webhooks
    self.old = SQLiteStore(path: old)
  }

  /// - Returns: where the replaced store's signal log ended before its keys were read; `nil` if it can't be read.
  func run(_ report: inout RestoreReport) async throws -> Int64? {
    do throws(StoreError) { try await old.open() } catch {
      report.unread = "\(error)"
      return nil
    }
    var end: Int64?
    do {
      end = try old.logHead().position
      try await repeatWebhooks(&report)
      let past = try await Recollection(in: old)
      var lacking = Recollection()
      try await repeatKeys(past, &lacking, &report)
      try await repeatOwners(past, &lacking, &report)
      try await leave(lacking)
    } catch let error as StoreError {
      // Of the copy's store the kernel tells as a `LifecycleError`.
      report.unread = "\(error)"
      end = nil
    } catch {
      await old.close()
      throw error
    }
    await old.close()
    return end
  }

  private func leave(_ lacking: Recollection) async throws(LifecycleError) {
    guard let store = kernel.store as? any PluginRecordStore else { return }
    try await kernel.inStore { () async throws(StoreError) in try await lacking.add(to: store) }
  }

  // MARK: Keys

  /// - Parameter past: what the replaced store itself was too old to have.
  private func repeatKeys(
    _ past: Recollection, _ lacking: inout Recollection, _ report: inout RestoreReport
  ) async throws {
    var query = KeyQuery(now: kernel.clock.now(), limit: 1_000)
    repeat {
      let page = try await old.keys(query)
      for stored in page.items {
        let was = Recollection.Key(stored.key)
        guard let copy = try await find(was.id) else {
          report.missing += 1
          lacking.keys.append(was)
          continue
        }
        let goesOn = try await repeatState(of: was, copy, &report)
        if goesOn, isEdited(stored.key, copy) { report.edited.append(was.prefix) }
      }
      query.after = page.cursor(in: query.sort)
    } while query.after != nil
    for was in past.keys {
      guard let copy = try await find(was.id) else {
        lacking.keys.append(was)
        continue
      }
      let goesOn = try await repeatState(of: was, copy, &report)
      // What it was that changed, nobody remembers.
      if goesOn, was.revision > copy.revision { report.edited.append(was.prefix) }
    }
  }

  /// - Returns: whether the key goes on as the copy has it.
  private func repeatState(
    of was: Recollection.Key, _ copy: KeyRecord, _ report: inout RestoreReport
  ) async throws -> Bool {
    switch (was.status, copy.status) {
    case (_, .purged): return false
    case (.purged, _):
      _ = try await kernel.purgeKey(was.id, by: .commandLine)
      report.purged.append(was.prefix)
    case (_, .revoked): return false
    case (.revoked, _):
      _ = try await kernel.revokeKey(was.id, by: .commandLine)
      report.revoked.append(was.prefix)
    default:
      guard revives(was, copy) || was.status == .suspended else { return true }
      try await repeatSuspension(was, copy, &report)
    }
    return false
  }

  /// What can be taken back: a key that was suspended is so again, and one of which the copy has a secret that was
  /// dead waits for somebody to rotate it.
  private func repeatSuspension(
    _ was: Recollection.Key, _ copy: KeyRecord, _ report: inout RestoreReport
  ) async throws {
    switch copy.state(at: kernel.clock.now()) {
    case .active: _ = try await kernel.suspendKey(was.id, by: .commandLine)
    case .suspended where revives(was, copy): break
    default: return
    }
    if revives(was, copy) {
      report.rotated.append(was.prefix)
    } else {
      report.suspended.append(was.prefix)
    }
  }

  /// Whether the copy has a secret that the replaced store had ended, or was to end sooner.
  private func revives(_ was: Recollection.Key, _ copy: KeyRecord) -> Bool {
    let known = Dictionary(was.secrets.map { ($0.id, $0.endsAt) }, uniquingKeysWith: { $1 })
    return copy.secrets.contains { secret in
      guard let end = known[secret.id] else { return true }
      return end.map { $0 < secret.endsAt ?? .latest } ?? false
    }
  }

  /// Whether somebody has changed since what the key may do.
  private func isEdited(_ was: KeyRecord, _ copy: KeyRecord) -> Bool {
    was.scopes != copy.scopes || was.keyClass != copy.keyClass || was.expiresAt != copy.expiresAt
      || was.metadata != copy.metadata || was.ownerID != copy.ownerID
  }

  private func find(_ id: UUID) async throws -> KeyRecord? {
    let found = try await kernel.inStore { () async throws(StoreError) in
      try await kernel.store.find(id: id)
    }
    return found?.key
  }

  // MARK: Owners

  private func find(owner id: UUID) async throws -> OwnerRecord? {
    try await kernel.inStore { () async throws(StoreError) in try await kernel.store.owner(id: id) }
  }

  private func repeatOwners(
    _ past: Recollection, _ lacking: inout Recollection, _ report: inout RestoreReport
  ) async throws {
    var disabled = past.disabledOwners
    var query = OwnerQuery(limit: 1_000)
    repeat {
      let page = try await old.owners(query)
      disabled += page.items.filter(\.disabled).map(\.id)
      query.after = page.next
    } while query.after != nil
    for id in disabled {
      guard let copy = try await find(owner: id) else {
        lacking.disabledOwners.append(id)
        continue
      }
      if copy.disabled { continue }
      _ = try await kernel.disableOwner(id, by: .commandLine)
      report.disabled.append(copy.name)
    }
  }

  // MARK: Webhooks

  private func repeatWebhooks(_ report: inout RestoreReport) async throws {
    guard let webhooks else { return }
    let then = try await Webhooks.endpoints(in: old)
    report.webhooks = try await webhooks.disable(unlike: then, by: .commandLine).map(\.id.text)
  }
}
