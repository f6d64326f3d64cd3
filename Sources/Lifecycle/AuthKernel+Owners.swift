#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// The owner of this id, or `.notFound`.
  public func owner(_ id: UUID) async throws(LifecycleError) -> OwnerRecord {
    let found = try await inStore { () async throws(StoreError) in try await store.owner(id: id) }
    guard let found else { throw .notFound("owner") }
    return found
  }

  /// The owner of this kind and name, or `.notFound`.
  public func owner(_ reference: OwnerReference) async throws(LifecycleError) -> OwnerRecord {
    guard let found = try await findOwner(reference) else { throw .notFound("owner") }
    return found
  }

  /// The owner of this kind and name, if there is one.
  package func findOwner(
    _ reference: OwnerReference
  ) async throws(LifecycleError) -> OwnerRecord? {
    try await inStore { () async throws(StoreError) in
      try await store.owner(kind: reference.kind, name: reference.name)
    }
  }

  /// A page of owners, by name or as the query says.
  public func owners(_ query: OwnerQuery) async throws(LifecycleError) -> Page<OwnerRecord> {
    try await inStore { () async throws(StoreError) in try await store.owners(query) }
  }

  /// Makes an owner, and its first key with it if one is asked for (``NewOwner/firstKey``, else `owners.first_key`);
  /// `.duplicateOwner` if there is one of that kind and name.
  public func createOwner(
    _ new: NewOwner, by actor: Actor
  ) async throws(LifecycleError) -> CreatedOwner {
    if actor.ownerID != nil { try LifecycleRules.checkUnlimited(actor, "making an owner") }
    if new.maxKeys != nil { try LifecycleRules.checkUnlimited(actor, "an owner's key limit") }
    if !new.members.isEmpty { try LifecycleRules.checkUnlimited(actor, "an owner's members") }
    try LifecycleRules.checkOwnerName(new.name)
    try LifecycleRules.checkMetadata(new.metadata)
    let maxKeys = new.maxKeys ?? configuration.maxKeysPerOwner
    try LifecycleRules.checkMaxKeys(maxKeys)
    let owner = OwnerRecord(
      id: newID(), kind: new.kind, name: new.name, maxKeys: maxKeys, createdAt: time.now(),
      metadata: new.metadata,
      members: try LifecycleRules.members(new.members, of: new.kind))
    if let first = new.firstKey ?? configuration.firstKeyName.map({ NewKey(name: $0) }) {
      let issued = try await create(first, of: owner, by: actor)
      return CreatedOwner(owner: owner, firstKey: issued, receipt: issued.receipt)
    }
    let announcement = try announce(created(owner, by: actor), owner: owner.id)
    do throws(StoreError) {
      let receipt = try await commit([announcement], rehearsing: actor.isRehearsing) {
        $0.owner = .insert(owner)
      }
      return CreatedOwner(owner: owner, firstKey: nil, receipt: receipt)
    } catch {
      if case .duplicate = error { throw .duplicateOwner(new.name) }
      throw LifecycleError(error)
    }
  }

  func created(_ owner: OwnerRecord, by actor: Actor) -> OwnerCreated {
    OwnerCreated(at: owner.createdAt, actor: actor.description, owner: OwnerFacts(owner))
  }

  /// Changes an owner's key limit, metadata or members. A lower limit ends no key; it only stops new ones.
  public func updateOwner(
    _ id: UUID, _ edit: OwnerEdit, by actor: Actor
  ) async throws(LifecycleError) -> ChangedOwner {
    try LifecycleRules.checkUnlimited(actor, "changing an owner")
    return try await changeOwner(id, by: actor, attempts: 1) {
      (owner: inout OwnerRecord, now: Timestamp) throws(LifecycleError) -> OwnerUpdated? in
      var changed: [String] = []
      if let maxKeys = edit.maxKeys {
        try LifecycleRules.checkMaxKeys(maxKeys)
        owner.maxKeys = maxKeys
        changed.append("max_keys")
      }
      if let metadata = edit.metadata {
        try LifecycleRules.checkMetadata(metadata)
        owner.metadata = metadata
        changed.append("metadata")
      }
      if let members = edit.members {
        owner.members = try LifecycleRules.members(members, of: owner.kind)
        changed.append("members")
      }
      if changed.isEmpty { return nil }
      return OwnerUpdated(
        at: now, actor: actor.description, owner: OwnerFacts(owner), changed: changed)
    }
  }

  /// Denies every key of an owner from now on.
  public func disableOwner(
    _ id: UUID, by actor: Actor
  ) async throws(LifecycleError) -> ChangedOwner {
    try LifecycleRules.checkUnlimited(actor, "disabling an owner")
    return try await changeOwner(id, by: actor) {
      (owner: inout OwnerRecord, now: Timestamp) throws(LifecycleError) -> OwnerDisabled? in
      if owner.disabled { return nil }
      owner.disabled = true
      return OwnerDisabled(at: now, actor: actor.description, owner: OwnerFacts(owner))
    }
  }

  /// Takes ``disableOwner(_:by:)`` back.
  public func enableOwner(
    _ id: UUID, by actor: Actor
  ) async throws(LifecycleError) -> ChangedOwner {
    try LifecycleRules.checkUnlimited(actor, "enabling an owner")
    return try await changeOwner(id, by: actor) {
      (owner: inout OwnerRecord, now: Timestamp) throws(LifecycleError) -> OwnerEnabled? in
      if !owner.disabled { return nil }
      owner.disabled = false
      return OwnerEnabled(at: now, actor: actor.description, owner: OwnerFacts(owner))
    }
  }

  private func changeOwner(
    _ id: UUID, by actor: Actor, attempts: Int = 16,
    _ edit: (inout OwnerRecord, Timestamp) throws(LifecycleError) -> (some ChangeSignal)?
  ) async throws(LifecycleError) -> ChangedOwner {
    for attempt in 1... {
      var owner = try await owner(id)
      let expected = owner.revision
      let now = time.now()
      guard let signal = try edit(&owner, now) else {
        return ChangedOwner(owner: owner, receipt: try await receiptOfNothing(owner: id))
      }
      owner.revision = expected + 1
      let announcement = try announce(signal, owner: id)
      do throws(StoreError) {
        let receipt = try await commit([announcement], rehearsing: actor.isRehearsing) {
          [owner] in
          $0.owner = .replace(owner, expected: expected)
        }
        return ChangedOwner(owner: owner, receipt: receipt)
      } catch {
        if case .conflict = error, attempt < attempts { continue }
        throw LifecycleError(error)
      }
    }
    throw .conflict
  }
}
