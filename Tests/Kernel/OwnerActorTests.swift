import CardeaLifecycle
import CardeaTestSupport
import Foundation
import Testing

/// An actor for whom there are one owner's keys and no others.
@Suite struct OwnerActorTests {
  private struct World {
    let rig: Rig
    let ann: OwnerRecord
    let mine: IssuedKey
    let wide: IssuedKey
    let others: [IssuedKey]
  }

  private func world() async throws -> World {
    let rig = try await Rig()
    func key(_ owner: String?, _ scopes: [String]) async throws -> IssuedKey {
      try await rig.key {
        $0.owner = owner.map { OwnerReference(name: $0) }
        $0.scopes = scopes
      }
    }
    let mine = try await key("ann", ["a"])
    return World(
      rig: rig, ann: try #require(mine.stored.owner), mine: mine,
      wide: try await key("ann", ["a", "b"]),
      others: [try await key("bob", ["a"]), try await key(nil, ["a"])])
  }

  private func actors(_ world: World) async throws -> [Actor] {
    let admin = try await world.rig.identity(scopes: [ScopeSet.admin])
    return [
      .owner(world.ann.id, scopes: ["a"]), Actor(admin).confined(to: world.ann.id),
      Actor.host.confined(to: world.ann.id),
    ]
  }

  private func code(_ work: () async throws -> Void) async -> String? {
    do {
      try await work()
      return nil
    } catch { return (error as? LifecycleError)?.code }
  }

  @Test func theKeysOfOthersAreNotThere() async throws {
    let world = try await world()
    let kernel = world.rig.kernel
    for actor in try await actors(world) {
      for id in world.others.map(\.stored.key.id) + [UUID()] {
        let all: [() async throws -> Void] = [
          { _ = try await kernel.key(id, for: actor) },
          { _ = try await kernel.updateKey(id, KeyEdit(), by: actor) },
          { _ = try await kernel.rotateToken(id, by: actor) },
          { _ = try await kernel.completeRotation(id, by: actor) },
          { _ = try await kernel.cancelRotation(id, by: actor) },
          { _ = try await kernel.suspendKey(id, by: actor) },
          { _ = try await kernel.reactivateKey(id, by: actor) },
          { _ = try await kernel.revokeKey(id, by: actor) },
          { _ = try await kernel.revokeKey(id, by: actor.rehearsing) },
          { _ = try await kernel.purgeKey(id, by: actor) },
        ]
        for (number, work) in all.enumerated() {
          #expect(await code(work) == "not_found", "\(actor) \(number)")
        }
      }
    }
    for other in world.others {
      #expect(await world.rig.verdict(other.token).identity != nil)
    }
  }

  @Test func keysAreMadeForThatOwnerOnly() async throws {
    let world = try await world()
    let kernel = world.rig.kernel
    for actor in try await actors(world) {
      for owner in [OwnerReference(name: "bob"), OwnerReference(name: "new"), nil] {
        var new = NewKey(name: "made")
        new.owner = owner
        #expect(await code { _ = try await kernel.createKey(new, by: actor) } == "beyond_actor")
      }
      var new = NewKey(name: "made")
      new.owner = OwnerReference(name: "ann")
      new.scopes = ["a"]
      let made = try await kernel.createKey(new, by: actor)
      #expect(made.stored.key.ownerID == world.ann.id)
      #expect(made.stored.key.createdBy == actor.description)
      // Owners themselves are none of its business.
      let owner = NewOwner(name: "more")
      #expect(await code { _ = try await kernel.createOwner(owner, by: actor) } == "beyond_actor")
      for id in [world.ann.id, UUID()] {
        #expect(
          await code { _ = try await kernel.updateOwner(id, OwnerEdit(), by: actor) }
            == "beyond_actor")
        #expect(await code { _ = try await kernel.disableOwner(id, by: actor) } == "beyond_actor")
      }
    }
    #expect(try await kernel.owners(OwnerQuery()).items.count == 2)
  }

  /// Another key of the same owner's.
  private func peer(
    _ world: World, _ keyClass: String, _ metadata: [String: JSONValue]
  ) async throws -> UUID {
    let issued = try await world.rig.key {
      $0.owner = OwnerReference(name: "ann")
      $0.scopes = ["a"]
      $0.keyClass = keyClass
      $0.metadata = metadata
    }
    return issued.stored.key.id
  }

  /// Nobody who manages keys has said that a key of an owner's may make tokens of another class or with other metadata.
  @Test func aKeyOfTheOwnersHandsOutTokensOfItsOwnKind() async throws {
    let world = try await world()
    let kernel = world.rig.kernel
    let identity = try #require(await world.rig.verdict(world.mine.token).identity)
    let actor = Actor(identity).confined(to: world.ann.id)
    let others = [
      try await peer(world, "batch", [:]),
      try await peer(world, "default", ["rate": .string("100/1s")]),
    ]
    for id in others {
      #expect(await code { _ = try await kernel.rotateToken(id, by: actor) } == "beyond_actor")
      // Ending one asks for less.
      #expect(await code { _ = try await kernel.suspendKey(id, by: actor) } == nil)
    }
    let alike = try await peer(world, "default", [:])
    #expect(await code { _ = try await kernel.rotateToken(alike, by: actor) } == nil)
    // An admin of the owner's may, whatever the class.
    let admin = Actor(try await world.rig.identity(scopes: [ScopeSet.admin]))
    let made = try await peer(world, "batch", [:])
    let confined = admin.confined(to: world.ann.id)
    #expect(await code { _ = try await kernel.rotateToken(made, by: confined) } == nil)
  }

  /// Whoever holds the token that is on its way out must not put an end to the one that takes its place.
  @Test func aKeyDecidesOverItsOwnRotationWithItsNewestTokenOnly() async throws {
    let world = try await world()
    let kernel = world.rig.kernel
    let id = world.mine.stored.key.id
    func actor(_ token: Secret) async throws -> Actor {
      Actor(try #require(await world.rig.verdict(token).identity)).confined(to: world.ann.id)
    }
    let new = try await kernel.rotateToken(
      id, Rotation(overlap: .seconds(60)), by: try await actor(world.mine.token))
    let (old, newest) = (try await actor(world.mine.token), try await actor(new.token))
    #expect(await code { _ = try await kernel.cancelRotation(id, by: old) } == "beyond_actor")
    #expect(await code { _ = try await kernel.completeRotation(id, by: old) } == "beyond_actor")
    #expect(await code { _ = try await kernel.completeRotation(id, by: newest) } == nil)
    #expect(await world.rig.verdict(world.mine.token).denial?.reason == .wrongSecret)
  }

  @Test func anOwnerInPersonGivesNoMoreThanGrantedButEndsEveryKey() async throws {
    let world = try await world()
    let kernel = world.rig.kernel
    let end = try #require(world.rig.clock.now().adding(.seconds(3_600)))
    let actor = Actor.owner(world.ann.id, scopes: ["a"], expiresAt: end)
    #expect(actor.description == "owner:\(world.ann.id.uuidString.lowercased())")
    for (scopes, expiry) in [(["b"], Expiry.after(.seconds(60))), (["a"], .never)] {
      var new = NewKey(name: "made")
      new.owner = OwnerReference(name: "ann")
      new.scopes = scopes
      new.expiry = expiry
      #expect(await code { _ = try await kernel.createKey(new, by: actor) } != nil)
    }
    let wide = world.wide.stored.key.id
    #expect(await code { _ = try await kernel.rotateToken(wide, by: actor) } == "beyond_actor")
    _ = try await kernel.revokeKey(wide, by: actor)
    #expect(await world.rig.verdict(world.wide.token).denial?.reason == .revoked)
    // What only has a key of the owner's keeps to what that key grants.
    let narrow = Actor(try await world.rig.identity(scopes: ["b"])).confined(to: world.ann.id)
    let mine = world.mine.stored.key.id
    #expect(await code { _ = try await kernel.revokeKey(mine, by: narrow) } == "beyond_actor")
  }

  /// Whoever may ask for links must not end by one what it may not end itself.
  @Test func aKeyWithAdminIsEndedByAnotherOnly() async throws {
    let world = try await world()
    let kernel = world.rig.kernel
    let mighty = try await world.rig.key {
      $0.owner = OwnerReference(name: "ann")
      $0.scopes = [ScopeSet.admin]
    }
    let id = mighty.stored.key.id
    for scopes: ScopeSet in [["a"], [ScopeSet.admin]] {
      let actor = Actor.owner(world.ann.id, scopes: scopes)
      let all: [() async throws -> Void] = [
        { _ = try await kernel.revokeKey(id, by: actor) },
        { _ = try await kernel.suspendKey(id, by: actor) },
        { _ = try await kernel.purgeKey(id, by: actor) },
        { _ = try await kernel.rotateToken(id, by: actor) },
        { _ = try await kernel.revokeKey(id, by: actor.rehearsing) },
      ]
      for (number, work) in all.enumerated() {
        #expect(await code(work) == "beyond_actor", "\(number)")
      }
    }
    #expect(await world.rig.verdict(mighty.token).identity != nil)
    // Who came with the key itself goes on as before.
    let own = Actor(try #require(await world.rig.verdict(mighty.token).identity))
    let confined = own.confined(to: world.ann.id)
    #expect(await code { _ = try await kernel.suspendKey(id, by: confined.rehearsing) } == nil)
    #expect(await code { _ = try await kernel.revokeKey(id, by: confined) } == nil)
    #expect(await world.rig.verdict(mighty.token).denial?.reason == .revoked)
  }
}
