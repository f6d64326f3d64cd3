import CardeaLifecycle
import CardeaMemoryStore
import Testing

@Suite struct LifecycleTests {
  @Test func creatingChecksEveryField() async throws {
    let rig = try await Rig { $0.availableScopes = ["orders:read"] }
    func field(_ fill: (inout NewKey) -> Void) async -> String? {
      do {
        _ = try await rig.key("name", fill)
        return nil
      } catch {
        if case .invalid(let field, _)? = error as? LifecycleError { return field }
        return "\(error)"
      }
    }
    #expect(await field { $0.name = "" } == "name")
    #expect(await field { $0.name = String(repeating: "é", count: 129) } == "name")
    #expect(await field { $0.name = String(repeating: "👨‍👩‍👧‍👦", count: 128) } == "name")
    #expect(await field { $0.name = "a\nb" } == "name")
    #expect(await field { $0.description = String(repeating: "x", count: 1_025) } == "description")
    #expect(await field { $0.keyClass = "two words" } == "class")
    #expect(await field { $0.scopes = ["orders:write"] } == "scopes")
    #expect(await field { $0.scopes = ["cardea:nothing"] } == "scopes")
    #expect(await field { $0.owner = OwnerReference(name: "a b") } == "owner")
    #expect(await field { $0.expiry = .after(.zero) } == "expires_in")
    #expect(await field { $0.expiry = .after(.seconds(Int64.max)) } == "expires_in")
    #expect(await field { $0.expiry = .at(rig.clock.now()) } == "expires_at")
    #expect(
      await field { $0.metadata = ["a": .string(String(repeating: "x", count: 5_000))] }
        == "metadata")
    #expect(await field { $0.format = "nope" } == "format")
    let page = try await rig.kernel.keys(KeyQuery(now: rig.clock.now()))
    #expect(page.items.isEmpty, "nothing that was refused is stored")
    #expect(try await rig.kernel.store.logHead() == .empty)
  }

  @Test func defaultsComeFromTheConfiguration() async throws {
    let rig = try await Rig {
      $0.defaultExpiry = .seconds(3600)
      $0.defaultScopes = ["read"]
      $0.namespace = "my_app"
    }
    let issued = try await rig.key()
    #expect(issued.stored.key.expiresAt == rig.clock.now().adding(.seconds(3600)))
    #expect(issued.stored.key.scopes == ["read"])
    #expect(issued.stored.key.prefix.hasPrefix("my_app_"))
    #expect(try await rig.key { $0.scopes = [] }.stored.key.scopes.isEmpty)
    #expect(try await rig.key { $0.expiry = .never }.stored.key.expiresAt == nil)
  }

  @Test func revokedIsFinal() async throws {  // G4
    let rig = try await Rig()
    let id = try await rig.key().stored.key.id
    _ = try await rig.kernel.revokeKey(id, by: .host)
    await #expect(throws: LifecycleError.wrongState(.revoked)) {
      _ = try await rig.kernel.reactivateKey(id, by: .host)
    }
    await #expect(throws: LifecycleError.wrongState(.revoked)) {
      _ = try await rig.kernel.suspendKey(id, by: .host)
    }
    await #expect(throws: LifecycleError.wrongState(.revoked)) {
      _ = try await rig.kernel.rotateToken(id, by: .host)
    }
    await #expect(throws: LifecycleError.wrongState(.revoked)) {
      var edit = KeyEdit()
      edit.name = "again"
      _ = try await rig.kernel.updateKey(id, edit, by: .host)
    }
    let again = try await rig.kernel.revokeKey(id, by: .host)
    #expect(again.stored.key.status == .revoked)
  }

  @Test func suspensionIsTakenBack() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    _ = try await rig.kernel.suspendKey(issued.stored.key.id, by: .host)
    #expect(await rig.verdict(issued.token).denial?.reason == .suspended)
    _ = try await rig.kernel.reactivateKey(issued.stored.key.id, by: .host)
    #expect(await rig.verdict(issued.token).identity != nil)
  }

  @Test func purgeErasesAndKeepsATombstone() async throws {
    let rig = try await Rig()
    let issued = try await rig.key("secret project") {
      $0.description = "for Olga"
      $0.owner = OwnerReference(name: "olga")
      $0.scopes = ["tenant:olga"]
      $0.metadata = ["customer": .string("olga")]
    }
    _ = try await rig.kernel.purgeKey(issued.stored.key.id, by: .host)
    let stone = try await rig.kernel.key(issued.stored.key.id).key
    #expect(stone.status == .purged)
    #expect(stone.prefix == issued.stored.key.prefix)
    #expect(stone.name.isEmpty && stone.description.isEmpty && stone.metadata.isEmpty)
    #expect(stone.secrets.isEmpty && stone.scopes.isEmpty && stone.ownerID == nil)
    let log = try await rig.kernel.store.log(after: 0, limit: 100)
    #expect(log.map(\.signal) == ["owner_created", "key_created", "key_purged"])
    #expect(log[1].payload == nil && log[1].salt == nil)
    #expect(!String(decoding: log[2].payload ?? [], as: UTF8.self).contains("olga"))
    let chain = LogChain(rig.kernel.primitives)
    var head = LogHead.empty
    for entry in log {
      #expect(chain.follows(entry, head))
      head = LogHead(position: entry.position, hash: entry.hash)
    }
    #expect(try await rig.kernel.store.logHead() == head)
  }

  @Test func rotationKeepsBothSecretsUntilTheOverlapEnds() async throws {
    let rig = try await Rig()
    let first = try await rig.key { $0.expiry = .after(.seconds(86_400)) }
    let id = first.stored.key.id
    let second = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
    #expect(second.stored.key.id == id)
    #expect(second.stored.key.prefix == first.stored.key.prefix)
    #expect(second.stored.key.expiresAt == first.stored.key.expiresAt)
    #expect(await rig.verdict(first.token).identity?.keyID == id)
    #expect(await rig.verdict(second.token).identity?.keyID == id)
    await #expect(throws: LifecycleError.self) {
      _ = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(1)), by: .host)
    }
    rig.clock.advance(.milliseconds(59_999))
    #expect(await rig.verdict(first.token).identity != nil)
    rig.clock.advance(.milliseconds(1))
    #expect(rig.warmVerdict(first.token)?.denial?.reason == .wrongSecret)
    #expect(await rig.verdict(second.token).identity != nil)
    await #expect(throws: LifecycleError.noRotation) {
      _ = try await rig.kernel.completeRotation(id, by: .host)
    }
  }

  @Test func aRotationIsCompletedOrCancelled() async throws {
    let rig = try await Rig()
    let first = try await rig.key()
    let id = first.stored.key.id
    let second = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
    _ = try await rig.kernel.completeRotation(id, by: .host)
    #expect(await rig.verdict(first.token).denial?.reason == .wrongSecret)
    #expect(await rig.verdict(second.token).identity != nil)

    let third = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
    #expect(await rig.verdict(third.token).identity != nil)
    #expect(third.stored.key.secrets.count == 2)
    _ = try await rig.kernel.cancelRotation(id, by: .host)
    #expect(await rig.verdict(third.token).denial?.reason == .wrongSecret)
    #expect(await rig.verdict(second.token).identity != nil)

    let fourth = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
    let fifth = try await rig.kernel.rotateToken(id, by: .host)
    for dead in [second, fourth] {
      #expect(await rig.verdict(dead.token).denial?.reason == .wrongSecret)
    }
    #expect(await rig.verdict(fifth.token).identity != nil)
    #expect(fifth.stored.key.secrets.count == 1, "without overlap nothing of the old stays")
    let ends = try await rig.kernel.store.log(after: 0, limit: 100)
      .filter { $0.signal == "token_rotated" }.map {
        String(decoding: $0.payload ?? [], as: UTF8.self).contains("overlap_until")
      }
    #expect(ends == [true, true, true, false])
  }

  @Test func aRotationThatIsTakenBackLeavesTheFormatThatWas() async throws {
    let rig = try await Rig()
    let id = try await rig.key().stored.key.id
    let rotation = Rotation(overlap: .seconds(60), format: "underscore")
    #expect(
      try await rig.kernel.rotateToken(id, rotation, by: .host).stored.key.format == "underscore")
    #expect(try await rig.kernel.cancelRotation(id, by: .host).stored.key.format == "keysmith")
  }

  /// A secret whose overlap ends at this very moment goes with the change.
  @Test func whatHasEndedGoesWithTheNextChange() async throws {
    let rig = try await Rig()
    let id = try await rig.key().stored.key.id
    _ = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
    for (seconds, secrets) in [(59, 2), (1, 1)] as [(Int64, Int)] {
      rig.clock.advance(.seconds(seconds))
      var edit = KeyEdit()
      edit.name = "after \(seconds)"
      let changed = try await rig.kernel.updateKey(id, edit, by: .host)
      #expect(changed.stored.key.secrets.count == secrets)
    }
  }

  @Test func wrongBeforeRotationIsNotWrongForTheNewSecret() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    let next = try await rig.rotated(issued)
    #expect(await rig.verdict(issued.token).denial?.reason == .wrongSecret)
    #expect(await rig.verdict(next.token).identity != nil)
  }

  @Test func rotationKeepsTheFormatUnlessTold() async throws {
    let rig = try await Rig()
    let issued = try await rig.key { $0.format = "underscore" }
    let id = issued.stored.key.id
    #expect(try await rig.rotated(issued).stored.key.format == "underscore")
    let moved = try await rig.kernel.rotateToken(id, Rotation(format: "keysmith"), by: .host)
    #expect(moved.stored.key.format == "keysmith")
    #expect(await rig.verdict(moved.token).identity?.keyID == id)
  }

  @Test func disablingAnOwnerDeniesTheirKeysAtOnce() async throws {
    let rig = try await Rig()
    let issued = try await rig.key { $0.owner = OwnerReference(name: "ada") }
    let owner = try #require(issued.stored.owner)
    #expect(await rig.verdict(issued.token).identity?.owner == "ada")
    _ = try await rig.kernel.disableOwner(owner.id, by: .host)
    #expect(await rig.verdict(issued.token).denial?.reason == .ownerDisabled)
    await #expect(throws: LifecycleError.ownerDisabled("ada")) {
      _ = try await rig.key { $0.owner = OwnerReference(name: "ada") }
    }
    _ = try await rig.kernel.enableOwner(owner.id, by: .host)
    #expect(await rig.verdict(issued.token).identity != nil)
  }

  @Test func anOwnersLimitHoldsUnderARace() async throws {
    let rig = try await Rig()
    _ = try await rig.kernel.createOwner(NewOwner(name: "ada", maxKeys: 5), by: .host)
    let made = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<64 {
        group.addTask {
          (try? await rig.key { $0.owner = OwnerReference(name: "ada") }) != nil
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(made == 5)
    await #expect(throws: LifecycleError.ownerLimit(5)) {
      _ = try await rig.key { $0.owner = OwnerReference(name: "ada") }
    }
    var query = KeyQuery(now: rig.clock.now())
    query.ownerID = try await rig.kernel.owner(OwnerReference(name: "ada")).id
    let first = try #require(try await rig.kernel.keys(query).items.first)
    _ = try await rig.kernel.revokeKey(first.key.id, by: .host)
    _ = try await rig.key { $0.owner = OwnerReference(name: "ada") }
  }

  @Test func ownersAreUniqueWithinTheirKind() async throws {
    let rig = try await Rig { $0.ownerMustExist = true }
    _ = try await rig.kernel.createOwner(NewOwner(name: "ada"), by: .host)
    _ = try await rig.kernel.createOwner(NewOwner(kind: .system, name: "ada"), by: .host)
    await #expect(throws: LifecycleError.duplicateOwner("ada")) {
      _ = try await rig.kernel.createOwner(NewOwner(name: "ada"), by: .host)
    }
    await #expect(throws: LifecycleError.self) {
      _ = try await rig.key { $0.owner = OwnerReference(name: "nobody") }
    }
  }

  @Test func creatingOneKeyUnderOneNewOwnerAtOnceMakesOneOwner() async throws {
    let rig = try await Rig()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask { _ = try await rig.key { $0.owner = OwnerReference(name: "new") } }
      }
      try await group.waitForAll()
    }
    #expect(try await rig.kernel.owners(OwnerQuery()).items.count == 1)
  }

  @Test func idempotencyMakesAKeyOnce() async throws {
    let rig = try await Rig()
    let claim = IdempotencyClaim(key: "abc", bodyDigest: [1, 2])
    let issued = try await rig.key { $0.idempotency = claim }
    await #expect(throws: LifecycleError.alreadyDone(keyID: issued.stored.key.id)) {
      _ = try await rig.key { $0.idempotency = claim }
    }
    await #expect(throws: LifecycleError.idempotencyMismatch) {
      _ = try await rig.key { $0.idempotency = IdempotencyClaim(key: "abc", bodyDigest: [9]) }
    }
    rig.clock.advance(.seconds(24 * 3600 + 1))
    _ = try await rig.key { $0.idempotency = claim }
  }

  @Test func idempotencyRotatesAKeyOnce() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    let id = issued.stored.key.id
    var rotation = Rotation()
    rotation.idempotency = IdempotencyClaim(key: "abc", bodyDigest: [1, 2])
    let rotated = try await rig.kernel.rotateToken(id, rotation, by: .host)
    await #expect(throws: LifecycleError.alreadyDone(keyID: id)) {
      _ = try await rig.kernel.rotateToken(id, rotation, by: .host)
    }
    #expect(await rig.verdict(rotated.token).identity != nil)
    rotation.idempotency?.bodyDigest = [9]
    await #expect(throws: LifecycleError.idempotencyMismatch) {
      _ = try await rig.kernel.rotateToken(id, rotation, by: .host)
    }
    for key in ["", "a b", "é", String(repeating: "x", count: 256)] {
      rotation.idempotency?.key = key
      await #expect(throws: LifecycleError.self, "\(key)") {
        _ = try await rig.kernel.rotateToken(id, rotation, by: .host)
      }
    }
  }

  @Test("A6: a store is bootstrapped once") func bootstrapHappensOnce() async throws {
    let rig = try await Rig()
    var new = NewKey(name: "first")
    new.scopes = [ScopeSet.admin]
    let issued = try await rig.kernel.bootstrap(new)
    await #expect(throws: LifecycleError.notEmpty) { _ = try await rig.kernel.bootstrap(new) }
    _ = try await rig.kernel.purgeKey(issued.stored.key.id, by: .host)
    await #expect(throws: LifecycleError.notEmpty) { _ = try await rig.kernel.bootstrap(new) }
  }

  @Test func nothingIsPublishedForAChangeThatFailed() async throws {  // S7
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    let names = Collected<String>()
    rig.kernel.signals.subscribe(
      AnySignal.self, id: "t", .queue(bound: 100, overflow: .dropNewest)
    ) { names.append($0.name) }
    store.fails = true
    await #expect(throws: LifecycleError.self) {
      _ = try await rig.kernel.revokeKey(issued.stored.key.id, by: .host)
    }
    await #expect(throws: LifecycleError.self) { _ = try await rig.key() }
    await rig.kernel.drain()
    #expect(names.all.isEmpty)
    #expect(try await store.log(after: 0, limit: 10).count == 1)
  }

  @Test func everySignalCarriesItsPositionAndIsInTheLog() async throws {  // S7
    let rig = try await Rig()
    let positions = Collected<Int64?>()
    rig.kernel.signals.subscribe(KeyCreated.self, id: "a", .inline) {
      positions.append($0.position)
    }
    rig.kernel.signals.subscribe(KeyRevoked.self, id: "b", .inline) {
      positions.append($0.position)
    }
    let issued = try await rig.key { $0.owner = OwnerReference(name: "ada") }
    let receipt = try await rig.kernel.revokeKey(issued.stored.key.id, by: .host).receipt
    #expect(positions.all == [2, 3])
    #expect(receipt.position == 3 && receipt.boundMilliseconds == 0)
    #expect(receipt.confirmed == ["local"] && receipt.pending.isEmpty)
  }

  @Test func aListenerMayAuthenticateReEntrantly() async throws {  // S3
    let rig = try await Rig()
    let seen = Collected<Bool>()
    let issued = try await rig.key()
    _ = await rig.verdict(issued.token)
    rig.kernel.signals.subscribe(KeyUpdated.self, id: "a", .inline) { [kernel = rig.kernel] _ in
      seen.append(kernel.authenticateIfWarm(Call(issued.token)) == nil)
    }
    var edit = KeyEdit()
    edit.name = "renamed"
    _ = try await rig.kernel.updateKey(issued.stored.key.id, edit, by: .host)
    #expect(seen.all == [true], "the change was evicted before it was published")
  }

  @Test func noTextOfATokenReachesSignalLogOrDescription() async throws {  // H6
    let rig = try await Rig()
    let seen = Collected<String>()
    rig.kernel.signals.subscribe(
      AnySignal.self, id: "t", .queue(bound: 100, overflow: .dropNewest)
    ) { seen.append("\($0)") }
    let issued = try await rig.key()
    let next = try await rig.rotated(issued)
    _ = await rig.verdict(next.token)
    _ = await rig.verdict(issued.token)
    await rig.kernel.drain()
    var texts = seen.all
    texts += try await rig.kernel.store.log(after: 0, limit: 10).map {
      String(decoding: $0.payload ?? [], as: UTF8.self)
    }
    texts += ["\(issued)", "\(next)", "\(next.token)", String(reflecting: next.token)]
    for token in [issued.token.reveal(), next.token.reveal()] {
      let secret = token.split(separator: ":").last.map(String.init) ?? token
      for text in texts { #expect(!text.contains(secret)) }
    }
  }
}
