import CardeaLifecycle
import CardeaMemoryStore
import Testing

/// V7: what is edited is seen by the next request, whatever memory knew before.
@Suite struct EditTests {
  /// A key that is warm, and whatever the next request is told of it.
  private struct World {
    let rig: Rig
    let issued: IssuedKey

    init(isSlow: Bool) async throws {
      rig = try await Rig(slow: isSlow)
      issued = try await rig.key {
        $0.scopes = ["a", "b"]
        $0.owner = OwnerReference(name: "ada")
        $0.metadata = ["team": .string("red")]
        $0.expiry = .after(.seconds(3_600))
      }
    }

    /// Makes sure that memory alone has an answer.
    func warm() async {
      _ = await rig.verdict(issued.token)
      #expect(rig.warmVerdict(issued.token) != nil)
    }

    func edit(_ fill: (inout KeyEdit) -> Void) async throws {
      await warm()
      var edit = KeyEdit()
      fill(&edit)
      _ = try await rig.kernel.updateKey(issued.stored.key.id, edit, by: .host)
    }

    /// The very next verdict, by memory if that still answers.
    func next(_ requirement: Requirement = .none) async -> Verdict {
      if let verdict = rig.warmVerdict(issued.token, requiring: requirement) { return verdict }
      return await rig.verdict(issued.token, requiring: requirement)
    }

    func reason(_ requirement: Requirement = .none) async -> Denial.Reason? {
      await next(requirement).denial?.reason
    }
  }

  @Test func whatPeopleReadIsEdited() async throws {
    let world = try await World(isSlow: false)
    try await world.edit {
      $0.name = "new name"
      $0.description = "what for"
    }
    let key = try await world.rig.kernel.key(world.issued.stored.key.id, for: .host).key
    #expect(key.name == "new name" && key.description == "what for")
    let signal = try await world.rig.kernel.store.log(after: 0, limit: 100).last
    let payload = String(decoding: signal?.payload ?? [], as: UTF8.self)
    #expect(payload.contains(#""description""#))
  }

  @Test(arguments: [false, true])
  func scopes(_ isSlow: Bool) async throws {
    let world = try await World(isSlow: isSlow)
    let (a, b, c) = (
      Requirement(scopes: ["a"]), Requirement(scopes: ["b"]), Requirement(anyScopes: ["c", "d"])
    )
    #expect(await world.reason(a) == nil)
    #expect(await world.reason(c) == .insufficientScope)
    try await world.edit { $0.scopes = ["b"] }
    #expect(await world.reason(a) == .insufficientScope, "narrowed")
    #expect(await world.reason(b) == nil)
    #expect(await world.next().identity?.scopes == ["b"])
    try await world.edit { $0.scopes = ["a", "b", "d"] }
    #expect(await world.reason(a) == nil, "widened")
    #expect(await world.reason(c) == nil)
    try await world.edit { $0.scopes = [] }
    for requirement in [a, b, c] { #expect(await world.reason(requirement) == .insufficientScope) }
    #expect(await world.next().identity?.scopes.isEmpty == true)
    try await world.edit { $0.scopes = ["*"] }
    for requirement in [a, b, c] { #expect(await world.reason(requirement) == nil) }
  }

  @Test(arguments: [false, true])
  func classAndMetadata(_ isSlow: Bool) async throws {
    let world = try await World(isSlow: isSlow)
    let inside = Requirement(keyClass: "internal")
    #expect(await world.reason(inside) == .wrongClass)
    try await world.edit { $0.keyClass = "internal" }
    #expect(await world.reason(inside) == nil)
    #expect(await world.next().identity?.keyClass == "internal")
    try await world.edit { $0.keyClass = "default" }
    #expect(await world.reason(inside) == .wrongClass)
    try await world.edit {
      $0.metadata = ["team": .string("blue")]
      $0.name = "renamed"
    }
    #expect(await world.next().identity?.metadata == ["team": .string("blue")])
    #expect(await world.next().identity?.name == "renamed")
    try await world.edit { $0.metadata = [:] }
    #expect(await world.next().identity?.metadata.isEmpty == true)
  }

  /// A policy that reads what was edited judges by it too.
  @Test func metadataThatAPolicyReads() async throws {
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(policy: "policy.team") { context in
        context.identity?.metadata["team"] == .string("red")
          ? .pass : .deny(PolicyDenial(code: "team"))
      }
    }
    let issued = try await rig.key { $0.metadata = ["team": .string("red")] }
    #expect(await rig.verdict(issued.token).identity != nil)
    #expect(rig.warmVerdict(issued.token)?.identity != nil)
    var edit = KeyEdit()
    edit.metadata = ["team": .string("blue")]
    _ = try await rig.kernel.updateKey(issued.stored.key.id, edit, by: .host)
    #expect(rig.warmVerdict(issued.token)?.identity == nil)
    #expect(await rig.verdict(issued.token).denial?.policy?.code == "team")
  }

  @Test(arguments: [false, true])
  func expiry(_ isSlow: Bool) async throws {
    let world = try await World(isSlow: isSlow)
    try await world.edit { $0.expiry = .after(.seconds(10)) }
    await world.warm()
    world.rig.clock.advance(.milliseconds(9_999))
    #expect(await world.reason() == nil)
    world.rig.clock.advance(.milliseconds(1))
    #expect(await world.reason() == .expired, "sooner")
    try await world.edit { $0.expiry = .after(.seconds(3_600)) }
    #expect(await world.reason() == nil, "later")
    world.rig.clock.advance(.seconds(3_600))
    #expect(await world.reason() == .expired)
    try await world.edit { $0.expiry = .never }
    #expect(await world.reason() == nil)
    let endless = try #require(await world.next().identity)
    #expect(endless.expiresAt == nil)
    world.rig.clock.advance(.seconds(86_400 * 365))
    #expect(await world.reason() == nil, "never")
    try await world.edit {
      $0.expiry = .at(world.rig.clock.now().adding(.milliseconds(1)) ?? .latest)
    }
    world.rig.clock.advance(.milliseconds(1))
    #expect(await world.reason() == .expired)
  }

  /// Of the owner of a key everything can change but who it is: a key stays its owner's for good.
  @Test(arguments: [false, true])
  func owner(_ isSlow: Bool) async throws {
    let world = try await World(isSlow: isSlow)
    let owner = try #require(world.issued.stored.owner)
    let kernel = world.rig.kernel
    for _ in 0..<2 {
      await world.warm()
      _ = try await kernel.disableOwner(owner.id, by: .host)
      #expect(await world.reason() == .ownerDisabled)
      #expect(await world.next().identity == nil)
      await world.warm()
      _ = try await kernel.enableOwner(owner.id, by: .host)
      #expect(await world.reason() == nil)
    }
    await world.warm()
    var edit = OwnerEdit()
    edit.metadata = ["plan": .string("paid")]
    _ = try await kernel.updateOwner(owner.id, edit, by: .host)
    #expect(await world.next().identity?.ownerMetadata == ["plan": .string("paid")])
    #expect(await world.next().identity?.owner == "ada")
  }
}
