#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// Makes a key and its token. The token is in the result and nowhere else.
  public func createKey(
    _ new: NewKey, by actor: Actor
  ) async throws(LifecycleError) -> IssuedKey {
    try await create(new, of: nil, by: actor)
  }

  /// Makes the first key of a store; `.notEmpty` if any key was ever made.
  public func bootstrap(_ new: NewKey) async throws(LifecycleError) -> IssuedKey {
    try await create(new, of: nil, by: .commandLine, onlyIfEmpty: true)
  }

  /// - Parameter newOwner: an owner to make with the key, instead of the one that `new` names.
  func create(
    _ new: NewKey, of newOwner: OwnerRecord?, by actor: Actor, onlyIfEmpty: Bool = false
  ) async throws(LifecycleError) -> IssuedKey {
    if let claim = new.idempotency { try await checkUnused(claim, by: actor) }
    let now = time.now()
    try LifecycleRules.checkName(new.name)
    try LifecycleRules.checkDescription(new.description)
    try LifecycleRules.checkClass(new.keyClass)
    try LifecycleRules.checkMetadata(new.metadata, for: metadataReaders)
    let scopes = try LifecycleRules.scopes(
      new.scopes ?? configuration.defaultScopes, configuration)
    try LifecycleRules.checkGrant(scopes, by: actor)
    let expiresAt = try LifecycleRules.moment(
      of: new.expiry, at: now, configuration, by: actor)
    let format = try self.format(named: new.format ?? configuration.tokenFormat)

    // A prefix or an owner of the same name may be made by somebody else at the same moment: try again.
    for attempt in 1... {
      let (owner, isNew) =
        if let newOwner { (OwnerRecord?.some(newOwner), true) } else {
          try await ownerOfNewKey(new.owner, now)
        }
      if let ownerID = actor.ownerID, owner?.id != ownerID {
        throw .beyondActor("it makes keys of its own owner only")
      }
      let built = try build(format, prefix: nil)
      let hash = try await hashed(built.secret, prefix: built.prefix, by: actor)
      let key = KeyRecord(
        id: newID(), prefix: built.prefix, name: new.name, description: new.description,
        kind: new.kind, keyClass: new.keyClass, ownerID: owner?.id, scopes: scopes,
        format: format.name, createdAt: now, createdBy: actor.description, expiresAt: expiresAt,
        expiryNoticeDays: passedNotice(of: expiresAt, at: now), metadata: new.metadata,
        secrets: [StoredSecret(id: newID(), hash: hash, format: format.name, createdAt: now)])
      let stored = StoredKey(key: key, owner: owner)
      var announcements: [Announcement] = []
      if isNew, let owner {
        announcements.append(try announce(created(owner, by: actor), owner: owner.id))
      }
      announcements.append(
        try announce(
          KeyCreated(at: now, actor: actor.description, key: KeyFacts(stored, at: now)), key: key))
      do throws(StoreError) {
        let receipt = try await commit(announcements, rehearsing: actor.isRehearsing) { change in
          change.onlyIfEmpty = onlyIfEmpty
          if isNew, let owner { change.owner = .insert(owner) }
          change.key = .insert(key)
          change.idempotency = new.idempotency?.use(by: actor, for: key.id, at: now)
        }
        return IssuedKey(stored: stored, token: built.token, receipt: receipt)
      } catch {
        if case .duplicate(let field) = error {
          if let newOwner, field != "prefix" { throw .duplicateOwner(newOwner.name) }
          if attempt < 4 { continue }
        }
        throw LifecycleError(error, claiming: new.idempotency)
      }
    }
    throw .conflict
  }

  /// The owner that a new key is to belong to, and whether it has to be made with the key.
  private func ownerOfNewKey(
    _ reference: OwnerReference?, _ now: Timestamp
  ) async throws(LifecycleError) -> (OwnerRecord?, isNew: Bool) {
    guard let reference else { return (nil, false) }
    if let found = try await findOwner(reference) {
      if found.disabled { throw .ownerDisabled(found.name) }
      return (found, false)
    }
    // Only of one that is about to be made: an owner that was imported has whatever name it had.
    try LifecycleRules.checkOwnerName(reference.name)
    if configuration.ownerMustExist {
      throw .invalid(
        field: "owner", reason: "no \(reference.kind.rawValue) named \(reference.name) exists")
    }
    let owner = OwnerRecord(
      id: newID(), kind: reference.kind, name: reference.name,
      maxKeys: configuration.maxKeysPerOwner, createdAt: now)
    return (owner, true)
  }

  func format(named name: String) throws(LifecycleError) -> any TokenFormat {
    if let format = formats.shaped.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
      return format
    }
    if let format = formats.catchAll, format.name.utf8.elementsEqual(name.utf8) { return format }
    throw .invalid(
      field: "format",
      reason: "must be one of \(formats.shaped.map(\.name).joined(separator: ", "))")
  }

  /// A fresh token, or one under a key's prefix.
  func build(
    _ format: any TokenFormat, prefix: String?
  ) throws(LifecycleError) -> BuiltToken {
    do throws(FormatError) {
      return try format.build(
        TokenRequest(
          namespace: configuration.namespace, identifierLength: configuration.identifierLength,
          secretLength: configuration.secretLength, prefix: prefix, primitives: primitives))
    } catch {
      switch error {
      case .invalid(let field, let reason): throw .invalid(field: field, reason: reason)
      }
    }
  }
}
