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

  func run(_ report: inout RestoreReport) async throws {
    do throws(StoreError) { try await old.open() } catch {
      report.unread = "\(error)"
      return
    }
    do {
      try await repeatKeys(&report)
      try await repeatOwners(&report)
    } catch let error as StoreError {
      report.unread = "\(error)"
    } catch {
      await old.close()
      throw error
    }
    await old.close()
  }

  private func repeatKeys(_ report: inout RestoreReport) async throws {
    var query = KeyQuery(now: kernel.clock.now(), limit: 1_000)
    repeat {
      let page = try await old.keys(query)
      for stored in page.items { try await repeatState(of: stored.key, &report) }
      query.after = page.next
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
    _ was: KeyRecord, _ now: KeyRecord, _ report: inout RestoreReport
  ) async throws {
    let known = Set(was.secrets.map(\.id))
    let revives = now.secrets.contains { !known.contains($0.id) }
    guard revives || was.status == .suspended else { return }
    switch now.state(at: kernel.clock.now()) {
    case .active: _ = try await kernel.suspendKey(was.id, by: .commandLine)
    case .suspended where revives: break
    default: return
    }
    if revives { report.rotated.append(was.prefix) } else { report.suspended.append(was.prefix) }
  }

  private func find(_ id: UUID) async throws -> KeyRecord? {
    do throws(LifecycleError) { return try await kernel.key(id).key } catch {
      guard case .notFound = error else { throw error }
      return nil
    }
  }

  private func repeatOwners(_ report: inout RestoreReport) async throws {
    var query = OwnerQuery(limit: 1_000)
    repeat {
      let page = try await old.owners(query)
      for owner in page.items where owner.disabled {
        guard let now = try await kernel.store.owner(id: owner.id), !now.disabled else { continue }
        _ = try await kernel.disableOwner(owner.id, by: .commandLine)
        report.disabled.append(owner.name)
      }
      query.after = page.next
    } while query.after != nil
  }
}
