import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The links that let an owner in to their page once, without a key.
///
/// A link is signed under a key that the store keeps, so that every server on the store takes it, and the store keeps a
/// record with the link's digest until it is used or past its end. Whoever takes the record away is in: of several at
/// once, on whichever servers, one. Neither the link nor its secret part is kept anywhere.
///
/// Threading: any thread.
package final class PortalLinks: Sendable {
  static let shortestLife: Duration = .seconds(1)
  static let longestLife: Duration = .seconds(3_600)
  static let standardLife: Duration = .seconds(300)

  /// Links that one key may have that nobody used yet: whoever makes another has the store read them all.
  static let mostUnused = 1_000

  private static let collection = "portal-links"
  private static let keyCollection = "portal-link-key"
  /// The one record of its collection.
  private static let keyID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))

  /// What the store keeps of a link.
  private struct Record: Codable {
    let owner: UUID
    let scopes: ScopeSet
    let keysUntil: Timestamp?
    let issuer: UUID
    let secret: UUID
    let expiresAt: Timestamp
    /// SHA-256 of the link's text.
    let digest: [UInt8]
  }

  private let kernel: AuthKernel
  private let key = Locked<Ed25519.PrivateKey?>(nil)

  init(_ kernel: AuthKernel) { self.kernel = kernel }

  /// Whether a key may have one more link, of those that nobody used yet. Several at once may each find the last place.
  func hasRoom(for issuer: Identity) async throws(LifecycleError) -> Bool {
    let store = try store()
    let now = kernel.clock.now()
    var unused = 0
    for stored in try await records(store) {
      guard let record = read(stored), now < record.expiresAt else {
        // What can't be taken out now goes the next time.
        _ = try? await PortalLinks.remove(stored.id, store)
        continue
      }
      if record.issuer == issuer.keyID { unused += 1 }
    }
    return unused < PortalLinks.mostUnused
  }

  /// A new link, and when it ends. Called where there is room for it.
  /// - Parameters:
  ///   - scopes: what its owner may give to keys; the caller sees to it that the asking key grants them.
  ///   - issuer: the key that asks.
  func make(
    for owner: OwnerRecord, scopes: ScopeSet, lifetime: Duration, issuer: Identity
  ) async throws(LifecycleError) -> (text: String, expiresAt: Timestamp) {
    let store = try store()
    let key = try await signingKey(store, making: true)
    guard let key, let secret = issuer.secretID else { throw .conflict }
    let primitives = kernel.primitives
    let now = kernel.clock.now()
    let link = PortalLink(
      id: UUID(), owner: owner.id, expiresAt: now.adding(lifetime) ?? now,
      nonce: primitives.randomBytes(PortalLink.nonceLength))
    let text = link.signed(by: key, primitives)
    let record = Record(
      owner: owner.id, scopes: scopes,
      keysUntil: issuer.scopes.isAdmin ? nil : issuer.expiresAt, issuer: issuer.keyID,
      secret: secret,
      expiresAt: link.expiresAt, digest: digest(text))
    guard let content = try? JSONEncoder().encode(record) else {
      throw .failed("a link's record could not be encoded")
    }
    try await kernel.inStore { () async throws(StoreError) in
      try await store.put(
        PluginRecord(id: link.id, revision: 1, content: Array(content)),
        in: PortalLinks.collection)
    }
    return (text, link.expiresAt)
  }

  /// Whom a link would let in; `nil` if it lets nobody in, for whatever reason. Changes nothing.
  func look(_ text: String) async throws(LifecycleError) -> PortalGrant? {
    try await find(text)?.grant
  }

  /// Uses a link up; `nil` if it lets nobody in, or somebody else was faster.
  func take(_ text: String) async throws(LifecycleError) -> PortalGrant? {
    guard let (id, grant) = try await find(text) else { return nil }
    let store = try store()
    let isFirst = try await kernel.inStore { () async throws(StoreError) in
      try await PortalLinks.remove(id, store)
    }
    return isFirst ? grant : nil
  }

  /// The grant as it stands now; `nil` once the owner is disabled, or the key that asked for the link is not in force.
  func current(_ grant: PortalGrant) async throws(LifecycleError) -> PortalGrant? {
    try await self.grant(
      owner: grant.owner.id, scopes: grant.scopes, keysUntil: grant.keysUntil,
      issuer: grant.issuer, secret: grant.secret)
  }

  /// Makes every link void, as a store must whose records are not the newest: they would tell of used links that they
  /// are not.
  package static func forgetAll(in store: any PluginRecordStore) async throws(StoreError) {
    for record in try await store.pluginRecords(collection) {
      _ = try await remove(record.id, store)
    }
  }

  // MARK: finding

  private func find(
    _ text: String
  ) async throws(LifecycleError) -> (id: UUID, grant: PortalGrant)? {
    let (store, primitives) = (try store(), kernel.primitives)
    // Without a signature of ours the store is not asked.
    guard let key = try await signingKey(store, making: false),
      let link = PortalLink(text, signedBy: primitives.publicKey(of: key), primitives)
    else { return nil }
    let now = kernel.clock.now()
    guard now < link.expiresAt else { return nil }
    guard let found = try await find(link.id, in: store), let record = read(found),
      primitives.equal(record.digest, digest(text)), record.owner == link.owner,
      now < record.expiresAt,
      let grant = try await grant(
        owner: record.owner, scopes: record.scopes, keysUntil: record.keysUntil,
        issuer: record.issuer, secret: record.secret)
    else { return nil }
    return (link.id, grant)
  }

  /// - Parameter keysUntil: the bound when the link was made; the asking key may have got an earlier end since.
  private func grant(
    owner: UUID, scopes: ScopeSet, keysUntil: Timestamp?, issuer: UUID, secret: UUID
  ) async throws(LifecycleError) -> PortalGrant? {
    do throws(LifecycleError) {
      let (owner, asking) = (try await kernel.owner(owner), try await kernel.key(issuer))
      let now = kernel.clock.now()
      guard !owner.disabled, asking.owner?.disabled != true,
        asking.key.state(at: now) == .active,
        asking.key.secrets.contains(where: { $0.id == secret && $0.endsAt.map { now < $0 } ?? true }
        ),
        asking.key.scopes.grants(PortalRoutes.scope), asking.key.scopes.covers(scopes)
      else { return nil }
      let bounds = [keysUntil, asking.key.scopes.isAdmin ? nil : asking.key.expiresAt]
      return PortalGrant(
        owner: owner, scopes: scopes, keysUntil: bounds.compactMap { $0 }.min(), issuer: issuer,
        secret: secret)
    } catch {
      if case .notFound = error { return nil }
      throw error
    }
  }

  private func read(_ record: PluginRecord) -> Record? {
    try? JSONDecoder().decode(Record.self, from: Data(record.content))
  }

  private func digest(_ text: String) -> [UInt8] {
    kernel.primitives.sha256(Array(text.utf8)).bytes
  }

  // MARK: the store

  private func store() throws(LifecycleError) -> any PluginRecordStore {
    guard let store = kernel.store as? any PluginRecordStore else {
      throw .failed("the store \(kernel.store.id) keeps no records of plugins")
    }
    return store
  }

  private func records(
    _ store: any PluginRecordStore
  ) async throws(LifecycleError) -> [PluginRecord] {
    try await kernel.inStore { () async throws(StoreError) in
      try await store.pluginRecords(PortalLinks.collection)
    }
  }

  private func find(
    _ id: UUID, in store: any PluginRecordStore
  ) async throws(LifecycleError) -> PluginRecord? {
    try await kernel.inStore { () async throws(StoreError) in
      try await store.pluginRecord(id, in: PortalLinks.collection)
    }
  }

  private static func remove(
    _ id: UUID, _ store: any PluginRecordStore
  ) async throws(StoreError) -> Bool {
    try await store.removeRecords(
      id, from: [collection], subscription: "portal-link.\(id.text)")
  }

  /// The key that links are signed with; of two servers that make one at once the first has it.
  /// - Parameter making: whether to make one if there is none yet.
  private func signingKey(
    _ store: any PluginRecordStore, making: Bool
  ) async throws(LifecycleError) -> Ed25519.PrivateKey? {
    if let known = key.withLock({ $0 }) { return known }
    do throws(StoreError) {
      var stored = try await store.pluginRecords(PortalLinks.keyCollection).first
      if stored == nil, making {
        let fresh = PluginRecord(
          id: PortalLinks.keyID, revision: 1, content: kernel.primitives.randomBytes(32))
        do throws(StoreError) {
          try await store.put(fresh, in: PortalLinks.keyCollection)
          stored = fresh
        } catch {
          guard case .conflict = error else { throw error }
          stored = try await store.pluginRecords(PortalLinks.keyCollection).first
        }
      }
      guard let stored, let read = Ed25519.PrivateKey(seed: Secret(stored.content)) else {
        return nil
      }
      key.withLock { $0 = read }
      return read
    } catch { throw LifecycleError(error) }
  }
}
