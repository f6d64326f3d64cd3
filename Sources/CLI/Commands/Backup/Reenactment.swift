import CardeaKernel
import CardeaSQLite

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Denies in a restored store what the replaced one denied: revoked stays revoked, and a token that was rotated
/// out stays dead.
struct Reenactment {
  private let kernel: AuthKernel
  private let old: SQLiteStore

  /// - Parameter old: the replaced store's file.
  init(_ kernel: AuthKernel, old: String) {
    self.kernel = kernel
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
      try await repeatKeys(&report)
      try await repeatOwners(&report)
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

  private func repeatKeys(_ report: inout RestoreReport) async throws {
    var query = KeyQuery(now: kernel.clock.now(), limit: 1_000)
    repeat {
      let page = try await old.keys(query)
      for stored in page.items { try await repeatState(of: stored.key, &report) }
      query.after = page.cursor(in: query.sort)
    } while query.after != nil
  }

  private func repeatState(
    of was: KeyRecord, _ report: inout RestoreReport
  ) async throws {
    guard let now = try await find(was.id) else {
      report.missing += 1
      return
    }
    switch (was.status, now.status) {
    case (_, .purged): return
    case (.purged, _):
      _ = try await kernel.purgeKey(was.id, by: .commandLine)
      report.purged.append(was.prefix)
    case (_, .revoked): return
    case (.revoked, _):
      _ = try await kernel.revokeKey(was.id, by: .commandLine)
      report.revoked.append(was.prefix)
    default: try await repeatSuspension(was, now, &report)
    }
  }

  /// What can be taken back: a key that was suspended is so again, and one of which the copy has a secret that was
  /// dead waits for somebody to rotate it.
  private func repeatSuspension(
    _ was: KeyRecord, _ copy: KeyRecord, _ report: inout RestoreReport
  ) async throws {
    let now = kernel.clock.now()
    guard revives(was, copy) || was.status == .suspended else {
      if isEdited(was, copy) { report.edited.append(was.prefix) }
      return
    }
    switch copy.state(at: now) {
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
  private func revives(_ was: KeyRecord, _ copy: KeyRecord) -> Bool {
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
    do throws(LifecycleError) { return try await kernel.key(id).key } catch {
      guard case .notFound = error else { throw error }
      return nil
    }
  }

  private func find(owner id: UUID) async throws -> OwnerRecord? {
    do throws(StoreError) { return try await kernel.store.owner(id: id) } catch {
      throw LifecycleError(error)
    }
  }

  private func repeatOwners(_ report: inout RestoreReport) async throws {
    var query = OwnerQuery(limit: 1_000)
    repeat {
      let page = try await old.owners(query)
      for owner in page.items where owner.disabled {
        guard let now = try await find(owner: owner.id), !now.disabled else { continue }
        _ = try await kernel.disableOwner(owner.id, by: .commandLine)
        report.disabled.append(owner.name)
      }
      query.after = page.next
    } while query.after != nil
  }
}
