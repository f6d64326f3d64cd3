import CardeaExtractors
import CardeaFormats
import CardeaHMAC
import CardeaLifecycle
import CardeaMemoryStore
import CardeaPBKDF2
import CardeaSodium
import Testing

@Suite struct OwnerLifecycleTests {
  @Test func aFirstKeyComesWithTheOwnerInOneTransaction() async throws {
    let rig = try await Rig { $0.firstKeyName = "first" }
    let made = try await rig.kernel.createOwner(NewOwner(name: "alice"), by: .host)
    let issued = try #require(made.firstKey)
    #expect(issued.stored.key.name == "first")
    #expect(issued.stored.owner?.name == "alice")
    #expect(await rig.verdict(issued.token).identity?.owner == "alice")
    #expect(
      try await rig.kernel.store.log(after: 0, limit: 9).map(\.signal)
        == ["owner_created", "key_created"])
    // The owner of a key that is made for an unknown owner gets no other.
    _ = try await rig.key { $0.owner = OwnerReference(name: "bob") }
    #expect(try await rig.kernel.store.logHead().position == 4)

    var own = NewOwner(name: "carol")
    own.firstKey = NewKey(name: "hers")
    own.firstKey?.scopes = ["a"]
    #expect(try await rig.kernel.createOwner(own, by: .host).firstKey?.stored.key.scopes == ["a"])
  }

  @Test func withoutAnOptionThereIsNoFirstKeyAndAFaultyOneMakesNoOwner() async throws {
    let rig = try await Rig()
    #expect(try await rig.kernel.createOwner(NewOwner(name: "a"), by: .host).firstKey == nil)
    var faulty = NewOwner(name: "b")
    faulty.firstKey = NewKey(name: "")
    await #expect(throws: LifecycleError.self) {
      _ = try await rig.kernel.createOwner(faulty, by: .host)
    }
    var none = NewOwner(name: "c", maxKeys: 0)
    none.firstKey = NewKey(name: "k")
    await #expect(throws: LifecycleError.ownerLimit(0)) {
      _ = try await rig.kernel.createOwner(none, by: .host)
    }
    none = NewOwner(name: "a")
    none.firstKey = NewKey(name: "k")
    await #expect(throws: LifecycleError.duplicateOwner("a")) {
      _ = try await rig.kernel.createOwner(none, by: .host)
    }
    #expect(try await rig.kernel.store.logHead().position == 1)
  }

  @Test func anOrganizationHasMembersAndNobodyElse() async throws {
    let rig = try await Rig()
    var new = NewOwner(kind: .organization, name: "acme")
    new.members = ["bob", "alice", "bob"]
    let made = try await rig.kernel.createOwner(new, by: .host).owner
    #expect(made.members == ["alice", "bob"])
    var edit = OwnerEdit()
    edit.members = ["carol"]
    let edited = try await rig.kernel.updateOwner(made.id, edit, by: .host)
    #expect(edited.owner.members == ["carol"])
    var query = OwnerQuery()
    query.member = "carol"
    #expect(try await rig.kernel.owners(query).items.map(\.name) == ["acme"])

    func refused(_ kind: OwnerRecord.Kind, _ members: [String]) async -> Bool {
      var new = NewOwner(kind: kind, name: "x")
      new.members = members
      do {
        _ = try await rig.kernel.createOwner(new, by: .host)
        return false
      } catch {
        if case .invalid("members", _) = error { return true }
        return false
      }
    }
    #expect(await refused(.user, ["a"]))
    #expect(await refused(.organization, ["a b"]))
    #expect(await refused(.organization, (0...1_000).map { "u\($0)" }))
  }

  @Test func aRehearsalChecksEverythingAndChangesNothing() async throws {
    let rig = try await Rig()
    let actor = Actor.host.rehearsing
    let kept = try await rig.key("kept") {
      $0.owner = OwnerReference(name: "alice")
      $0.expiry = .after(.seconds(86_400 * 60))
    }
    let id = kept.stored.key.id
    let owner = try #require(kept.stored.owner)
    let head = try await rig.kernel.store.logHead()
    let published = Collected<String>()
    rig.kernel.signals.subscribe(
      AnySignal.self, id: "listener.test", .queue(bound: 100, overflow: .dropNewest)
    ) { if $0.base is any ChangeSignal { published.append($0.name) } }
    var edit = KeyEdit()
    edit.name = "other"
    var ownerEdit = OwnerEdit()
    ownerEdit.maxKeys = 3
    _ = try await rig.kernel.createKey(NewKey(name: "new"), by: actor)
    _ = try await rig.kernel.updateKey(id, edit, by: actor)
    _ = try await rig.kernel.rotateToken(id, by: actor)
    _ = try await rig.kernel.suspendKey(id, by: actor)
    _ = try await rig.kernel.revokeKey(id, by: actor)
    _ = try await rig.kernel.purgeKey(id, by: actor)
    _ = try await rig.kernel.createOwner(NewOwner(name: "bob"), by: actor)
    _ = try await rig.kernel.updateOwner(owner.id, ownerEdit, by: actor)
    _ = try await rig.kernel.disableOwner(owner.id, by: actor)
    await rig.kernel.drain()
    #expect(try await rig.kernel.store.logHead() == head)
    #expect(try await rig.kernel.key(id) == kept.stored)
    #expect(published.all.isEmpty)
    #expect(await rig.verdict(kept.token).identity != nil)
    await #expect(throws: LifecycleError.duplicateOwner("alice")) {
      _ = try await rig.kernel.createOwner(NewOwner(name: "alice"), by: actor)
    }
    await #expect(throws: LifecycleError.noRotation) {
      _ = try await rig.kernel.completeRotation(id, by: actor)
    }
  }

  @Test func theOldSecretsUseIsShownWithItsAddressesAndNothingIsWrittenMeanwhile() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let old = try await rig.key()
    let id = old.stored.key.id
    #expect(await rig.verdict(old.token).identity != nil)
    let new = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(600)), by: .host)
    await rig.kernel.flushUsage()
    let writes = store.writes
    let usage = store.usage.count
    func use(_ token: Secret, from address: String) async {
      var call = Call(token)
      call.clientAddress = address
      #expect(await rig.kernel.authenticate(call).identity != nil)
      #expect(rig.kernel.authenticateIfWarm(call)?.identity != nil)
    }
    rig.clock.advance(.seconds(5))
    await use(old.token, from: "192.0.2.1")
    await use(old.token, from: "192.0.2.2")
    await use(old.token, from: "192.0.2.1")
    await use(new.token, from: "192.0.2.3")
    #expect(store.writes == writes && store.usage.count == usage)
    await rig.kernel.flushUsage()
    let secrets = try await rig.kernel.key(id).key.secrets
    #expect(secrets.map(\.addresses.count) == [2, 0])
    #expect(secrets.first?.lastUsedAt == rig.clock.now())
    // Merged with what is kept, and bounded.
    for number in 0..<100 { await use(old.token, from: "198.51.100.\(number)") }
    await rig.kernel.flushUsage()
    #expect(try await rig.kernel.key(id).key.secrets.first?.addresses.count == AddressSet.limit)
    let done = try await rig.kernel.completeRotation(id, by: .host)
    #expect(done.stored.key.secrets.map(\.addresses.count) == [0])
  }

  @Test func aPurgeLeavesTheTombstoneOnly() async throws {
    let rig = try await Rig()
    let issued = try await rig.key("Ann's key") {
      $0.description = "for Ann"
      $0.owner = OwnerReference(name: "ann")
      $0.metadata = ["mail": .string("ann@example.org")]
      $0.scopes = ["ann:read"]
      $0.keyClass = "ann"
      $0.expiry = .after(.seconds(86_400))
    }
    let id = issued.stored.key.id
    #expect(await rig.verdict(issued.token).identity != nil)
    let before = issued.stored.key
    _ = try await rig.kernel.purgeKey(id, by: .host)
    await rig.kernel.flushUsage()
    let stored = try await rig.kernel.key(id)
    #expect(
      stored
        == StoredKey(
          key: KeyRecord(
            id: id, prefix: before.prefix, name: "", status: .purged, format: before.format,
            createdAt: before.createdAt, createdBy: before.createdBy,
            expiresAt: before.expiresAt, expiryNoticeDays: before.expiryNoticeDays,
            lastUsedAt: stored.key.lastUsedAt, secrets: [], revision: 2)))
    for entry in try await rig.kernel.store.log(after: 0, limit: 100) where entry.keyID == id {
      let text = String(decoding: entry.payload ?? [], as: UTF8.self)
      #expect(!text.contains("Ann") && !text.contains("ann"), "\(entry.signal)")
      #expect((entry.payload == nil) == (entry.signal != "key_purged"))
    }
  }

  @Test func whatStoredKeysNeedMustBeConfigured() async throws {
    let store = MemoryStore()
    let first = try await Rig(store: store)
    let issued = try await first.key()
    await first.kernel.shutdown()
    func faults(_ plugins: (inout Registry) throws -> Void, preferred: String) async -> [String] {
      do {
        var registry = Registry()
        registry.use(try SodiumPrimitives())
        registry.use(KeysmithFormat())
        registry.use(HeaderExtractor(name: "X-API-Key"))
        registry.use(store)
        try plugins(&registry)
        var configuration = KernelConfiguration()
        configuration.preferredHasher = preferred
        configuration.sweepInterval = nil
        let kernel = try AuthKernel(registry, configuration: configuration, clock: HandClock())
        try await kernel.start()
        await kernel.shutdown()
        return []
      } catch {
        guard let faults = error as? ConfigurationFaults else { return ["\(error)"] }
        return faults.faults.map { "\($0.setting) \($0.value ?? "") \($0.problem)" }
      }
    }
    func pepper(_ version: String) throws -> Pepper {
      try Pepper(version: version, secret: Secret([UInt8](repeating: 7, count: 32)))
    }
    #expect(
      await faults(
        { $0.use(try HMACSHA256Hasher(peppers: [try pepper("v2")])) }, preferred: "hmac_sha256")
        == [
          "hash.pepper_files v1 1 secret in the store needs this pepper of hmac_sha256, and it is not configured"
        ])
    #expect(
      await faults(
        { $0.use(try PBKDF2SHA512Hasher(iterations: 10_000)) }, preferred: "pbkdf2_sha512"
      ).count
        == 1)
    #expect(
      await faults(
        { $0.use(try HMACSHA256Hasher(peppers: [try pepper("v2"), try pepper("v1")])) },
        preferred: "hmac_sha256") == [])
    // A key that is over needs nothing.
    let again = try await Rig(store: store)
    _ = try await again.kernel.revokeKey(issued.stored.key.id, by: .host)
    #expect(
      await faults(
        { $0.use(try PBKDF2SHA512Hasher(iterations: 10_000)) }, preferred: "pbkdf2_sha512")
        == [])
  }
}
