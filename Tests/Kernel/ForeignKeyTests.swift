import CardeaDjango
import CardeaFormats
import CardeaLifecycle
import CardeaMemoryStore
import CardeaSodium
import Foundation
import Testing

@testable import CardeaContracts

/// Keys that another system made: dotted ones, whose whole token is hashed, and plain ones, whose prefix is a
/// digest.
@Suite struct ForeignKeyTests {
  private static let dotted = "5mmvDmAi.1vtX4SE8ktsbIxi2S7EYeKSLvXGeXHwc"
  private static let dottedHash =
    "sha512$$7eb07af806725d87b11eec5de8f7bf9f2fc4ace3add494f629f73516c7078418"
    + "063c192c47eabb51149ac97d4805e2b885ef18a3eb70e8fa84853eb56ac01a37"
  private static let plain = "08b474be7422a2d3f2d79b72ca6eb895d1a5b6f6"
  private static let plainDigest =
    "252d9648acb90171781846ddcb62872ffddaa380bd3ebcff2e9aaa32c8cf619c"
  private static let webToken =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"

  private func key(_ prefix: String, _ hash: String, _ format: String) -> KeyRecord {
    let date = Timestamp(milliseconds: 1_795_219_100_000)
    return KeyRecord(
      id: UUID(), prefix: prefix, name: "imported", format: format, createdAt: date,
      createdBy: "import",
      secrets: [StoredSecret(id: UUID(), hash: EncodedHash(hash), format: format, createdAt: date)])
  }

  private var dottedKey: KeyRecord {
    key("drf_5mmvDmAi", ForeignKeyTests.dottedHash, "dotted")
  }

  private var plainKey: KeyRecord {
    key(
      "plain_\(ForeignKeyTests.plainDigest.prefix(32))", "sha256$$\(ForeignKeyTests.plainDigest)",
      "plain")
  }

  private func insert(_ key: KeyRecord, into store: some KeyStore) async throws {
    var change = StoreChange(drafts: [], primitives: try SodiumPrimitives())
    change.key = .insert(key)
    _ = try await store.commit(change)
  }

  private func rig(
    _ store: some KeyStore, slow: Bool = false,
    configure: (inout KernelConfiguration) -> Void = { _ in }
  ) async throws -> Rig {
    try await Rig(store: store, slow: slow, configure: configure) { registry in
      for plugin in (try? DjangoHashers().plugins) ?? [] { plugin.register(in: &registry) }
      registry.use(DottedFormat())
      registry.use(PlainFormat())
    }
  }

  private func token(_ text: String) -> Secret { Secret(text.utf8) }

  @Test("a dotted token is right, then warm; one changed character is wrong")
  func dotted() async throws {
    let store = CountingStore(MemoryStore())
    try await insert(dottedKey, into: store)
    let rig = try await rig(store)
    let token = token(ForeignKeyTests.dotted)
    #expect(await rig.verdict(token).identity?.prefix == "drf_5mmvDmAi")
    await rig.kernel.drain()
    let finds = store.finds
    #expect(rig.warmVerdict(token)?.identity?.prefix == "drf_5mmvDmAi")
    #expect(store.finds == finds)
    let others = [
      "5mmvDmAi.1vtX4SE8ktsbIxi2S7EYeKSLvXGeXHwA", "RdXqzWBw.1vtX4SE8ktsbIxi2S7EYeKSLvXGeXHwc",
    ]
    for wrong in others {
      #expect(await rig.verdict(Secret(wrong.utf8)).identity == nil)
    }
    await rig.kernel.shutdown()
  }

  @Test("a plain key is right, then warm, though nothing of its prefix stands in it")
  func plain() async throws {
    let store = CountingStore(MemoryStore())
    try await insert(plainKey, into: store)
    let rig = try await rig(store)
    let token = token(ForeignKeyTests.plain)
    #expect(await rig.verdict(token).identity?.keyID != nil)
    await rig.kernel.drain()
    let finds = store.finds
    #expect(rig.warmVerdict(token)?.identity != nil)
    #expect(store.finds == finds)
    #expect(await rig.verdict(Secret(ForeignKeyTests.plain.uppercased().utf8)).identity == nil)
    await rig.kernel.shutdown()
  }

  @Test("wrong before the import, right after it: without a key of it plain claims nothing")
  func wakes() async throws {
    let rig = try await rig(MemoryStore())
    let token = token(ForeignKeyTests.plain)
    #expect(await rig.verdict(token).denial?.reason == .malformed)
    // As another key of this kernel's is made, so is an imported one.
    _ = try await rig.kernel.commit([]) { [plainKey] change in change.key = .insert(plainKey) }
    #expect(await rig.verdict(token).identity != nil)
    await rig.kernel.shutdown()
  }

  @Test("another process's import is noticed with the lease's poll")
  func wakesByPoll() async throws {
    let store = SharedCountingStore()
    let rig = try await rig(store) { $0.lease = .milliseconds(20) }
    let token = token(ForeignKeyTests.plain)
    #expect(await rig.verdict(token).denial?.reason == .malformed)
    try await insert(plainKey, into: store.base)
    store.tell(LogMark(position: 1, signal: "key_created", prefix: plainKey.prefix, ownerID: nil))
    while await rig.verdict(token).identity == nil { await Task.yield() }
    await rig.kernel.shutdown()
  }

  @Test("token.accept names plain, or leaves it out")
  func accept() async throws {
    let store = MemoryStore()
    let named = try await rig(store) { $0.acceptedFormats = ["plain"] }
    #expect(await named.verdict(token(ForeignKeyTests.plain)).denial?.reason == .unknown)
    #expect(await named.verdict(token(ForeignKeyTests.dotted)).denial?.reason == .unknown)
    try await insert(plainKey, into: store)
    let without = try await rig(store) { $0.acceptedFormats = ["dotted"] }
    #expect(await without.verdict(token(ForeignKeyTests.plain)).denial?.reason == .malformed)
  }

  @Test("beside a shaped token, what only plain claims is set aside; a web token always is")
  func composition() async throws {
    let store = MemoryStore()
    try await insert(plainKey, into: store)
    let rig = try await rig(store)
    let issued = try await rig.key()
    let shaped = issued.token.reveal()
    for other in [ForeignKeyTests.plain, ForeignKeyTests.webToken, "anything"] {
      let call = Call([("x-api-key", shaped), ("authorization", "Bearer \(other)")])
      #expect(await rig.kernel.authenticate(call).identity?.prefix == issued.stored.key.prefix)
      let swapped = Call([("x-api-key", other), ("authorization", "Bearer \(shaped)")])
      #expect(await rig.kernel.authenticate(swapped).identity?.prefix == issued.stored.key.prefix)
    }
    let call = Call([
      ("x-api-key", ForeignKeyTests.plain), ("authorization", "Bearer \(ForeignKeyTests.webToken)"),
    ])
    #expect(await rig.kernel.authenticate(call).identity?.prefix == plainKey.prefix)
    let two = Call([("x-api-key", ForeignKeyTests.plain), ("authorization", "Bearer other")])
    #expect(await rig.kernel.authenticate(two).denial?.reason == .ambiguous)
  }

  @Test("rotation keeps dotted; a plain key moves to a format that is named")
  func rotation() async throws {
    let store = MemoryStore()
    try await insert(dottedKey, into: store)
    try await insert(plainKey, into: store)
    let rig = try await rig(store)
    let dotted = try await rig.kernel.key(prefix: "drf_5mmvDmAi")
    let kept = try await rig.kernel.rotateToken(dotted.key.id, by: .host)
    #expect(kept.token.reveal().wholeMatch(of: /5mmvDmAi\.[A-Za-z0-9]{32}/) != nil)
    #expect(await rig.verdict(kept.token).identity?.keyID == dotted.key.id)
    #expect(await rig.verdict(token(ForeignKeyTests.dotted)).identity == nil)
    let moved = try await rig.kernel.rotateToken(
      dotted.key.id, Rotation(format: "keysmith"), by: .host)
    #expect(moved.token.reveal().hasPrefix("drf_5mmvDmAi:"))
    #expect(await rig.verdict(moved.token).identity?.keyID == dotted.key.id)

    let plain = try await rig.kernel.key(prefix: plainKey.prefix)
    await #expect(throws: LifecycleError.self) {
      try await rig.kernel.rotateToken(plain.key.id, by: .host)
    }
    let named = try await rig.kernel.rotateToken(
      plain.key.id, Rotation(overlap: .seconds(60), format: "keysmith"), by: .host)
    #expect(named.token.reveal().hasPrefix("\(plainKey.prefix):"))
    #expect(await rig.verdict(named.token).identity?.keyID == plain.key.id)
    #expect(await rig.verdict(token(ForeignKeyTests.plain)).identity?.keyID == plain.key.id)
  }

  @Test("verify-only hashers and plain can't be chosen for new secrets and tokens")
  func preferred() async throws {
    for (name, configure) in [
      ("hash.preferred", { @Sendable in $0.preferredHasher = "scrypt" }),
      ("token.format", { @Sendable in $0.tokenFormat = "plain" }),
    ] as [(String, @Sendable (inout KernelConfiguration) -> Void)] {
      await #expect {
        _ = try await rig(MemoryStore(), configure: configure)
      } throws: { error in
        (error as? ConfigurationFaults)?.faults.map(\.setting) == [name]
      }
    }
  }

  @Test("the first good use moves the whole-token secret to the preferred hasher, once")
  func upgrade() async throws {
    let store = MemoryStore()
    try await insert(dottedKey, into: store)
    let rig = try await rig(store, slow: true)
    let upgraded = Collected<HashUpgraded>()
    let subscription = rig.kernel.signals.subscribe(HashUpgraded.self, id: "test", .inline) {
      upgraded.append($0)
    }
    let token = token(ForeignKeyTests.dotted)
    #expect(await rig.verdict(token).identity != nil)
    await rig.kernel.drain()
    let hash = store.find(prefix: "drf_5mmvDmAi")?.key.secrets.first?.hash
    #expect(hash?.algorithm == "pbkdf2_sha512")
    #expect(upgraded.all.map(\.algorithm) == ["pbkdf2_sha512"])
    // From the new hash, in a kernel that remembers nothing.
    let other = try await self.rig(store, slow: true)
    #expect(await other.verdict(token).identity != nil)
    await other.kernel.drain()
    #expect(store.find(prefix: "drf_5mmvDmAi")?.key.secrets.first?.hash == hash)
    subscription.cancel()
  }

  /// V5: whichever of the re-hash and the end of the key is first, the key has ended.
  @Test(
    "an upgrade revives no key that was revoked, purged or rotated meanwhile",
    .timeLimit(.minutes(1)),
    arguments: ["revoke", "purge", "suspend", "rotate"], [true, false])
  func upgradeAgainstTheEnd(_ end: String, upgradeFirst: Bool) async throws {
    let store = HoldingStore(MemoryStore())
    try await insert(dottedKey, into: store)
    let rig = try await rig(store, slow: true)
    let id = try await rig.kernel.key(prefix: "drf_5mmvDmAi").key.id
    let token = token(ForeignKeyTests.dotted)
    let gate = store.holdNextRehash(afterwards: upgradeFirst)
    #expect(await rig.verdict(token).identity != nil)
    await gate.reached()
    let kernel = rig.kernel
    let ending = Task {
      switch end {
      case "revoke": _ = try await kernel.revokeKey(id, by: .host)
      case "purge": _ = try await kernel.purgeKey(id, by: .host)
      case "suspend": _ = try await kernel.suspendKey(id, by: .host)
      default: _ = try await kernel.rotateToken(id, by: .host)
      }
    }
    // The key has ended in the store; it is acknowledged in order, behind the re-hash.
    await store.keyReplaced()
    gate.open()
    try await ending.value
    await rig.kernel.drain()
    let stored = try #require(try await store.find(prefix: "drf_5mmvDmAi"))
    switch end {
    case "revoke": #expect(stored.key.status == .revoked)
    case "purge": #expect(stored.key.status == .purged && stored.key.secrets.isEmpty)
    case "suspend": #expect(stored.key.status == .suspended)
    default: #expect(stored.key.secrets.count == 1)
    }
    #expect(rig.warmVerdict(token)?.identity == nil)
    #expect(await rig.verdict(token).identity == nil)
    let other = try await self.rig(store, slow: true)
    #expect(await other.verdict(token).identity == nil)
  }
}
