import CardeaLifecycle
import CardeaMemoryStore
import Testing

@Suite struct BulkTests {
  private func keys(_ rig: Rig, _ count: Int, owner: String = "alice") async throws -> [IssuedKey] {
    var made: [IssuedKey] = []
    for number in 0..<count {
      made.append(try await rig.key("k\(number)") { $0.owner = OwnerReference(name: owner) })
    }
    return made
  }

  private func query(_ rig: Rig, owner: String = "alice") async throws -> KeyQuery {
    var query = KeyQuery(now: rig.clock.now())
    query.ownerID = try await rig.kernel.owner(OwnerReference(name: owner)).id
    return query
  }

  @Test func everyKeyThatTheFilterFindsIsRevokedAndNoOther() async throws {
    let rig = try await Rig()
    let hers = try await keys(rig, 700)
    let his = try await keys(rig, 3, owner: "bob")
    _ = try await rig.kernel.revokeKey(hers[0].stored.key.id, by: .host)
    let query = try await query(rig)
    let selected = try await rig.kernel.select(query, for: .revoke)
    #expect(selected.count == 699, "what is revoked already is not selected")
    let seen = Collected<String>()
    let report = await rig.kernel.change(selected, .revoke, matching: query, by: .host) { key, _ in
      seen.append(key.prefix)
      return true
    }
    #expect(report.matched == 699 && report.changed == 699 && report.failed == 0)
    #expect(Set(seen.all).count == 699)
    #expect(report.receipt?.position == (try await rig.kernel.store.logHead().position))
    for issued in hers { #expect(await rig.verdict(issued.token).denial?.reason == .revoked) }
    for issued in his { #expect(await rig.verdict(issued.token).identity != nil) }
  }

  @Test func everyNewTokenIsHandedOverAndWorks() async throws {
    let rig = try await Rig()
    let old = try await keys(rig, 20)
    let query = try await query(rig)
    let selected = try await rig.kernel.select(query, for: .rotate)
    let tokens = Collected<Secret>()
    let report = await rig.kernel.change(
      selected, .rotate, matching: query, rotation: Rotation(overlap: .seconds(60)), by: .host
    ) { _, outcome in
      if case .issued(let issued) = outcome { tokens.append(issued.token) }
      return true
    }
    #expect(report.changed == 20)
    for token in tokens.all { #expect(await rig.verdict(token).identity != nil) }
    for issued in old { #expect(await rig.verdict(issued.token).identity != nil, "the overlap") }
    #expect(tokens.all.count == 20)
  }

  @Test func aFailureInTheMiddleNamesWhatWasDoneAndWhatNot() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    _ = try await keys(rig, 10)
    let query = try await query(rig)
    let selected = try await rig.kernel.select(query, for: .rotate)
    let issued = Collected<String>()
    let report = await rig.kernel.change(selected, .rotate, matching: query, by: .host) {
      key, outcome in
      if case .issued = outcome { issued.append(key.prefix) }
      if issued.all.count == 4 { store.fails = true }
      return true
    }
    store.fails = false
    #expect(report.changed == issued.all.count)
    #expect(report.failed > 0 && report.notTried > 0)
    #expect(report.changed + report.unchanged + report.failed + report.notTried == 10)
    // What the report says is what is stored.
    let rotated = Set(
      store.rotations(of: try await rig.kernel.store.log(after: 0, limit: 1_000)))
    #expect(rotated == Set(issued.all))
    #expect(report.failures.allSatisfy { $0.error.code == "store_unavailable" })
  }

  @Test func aCallerThatStopsListeningStopsTheWork() async throws {
    let rig = try await Rig()
    _ = try await keys(rig, 10)
    let query = try await query(rig)
    let selected = try await rig.kernel.select(query, for: .rotate)
    let report = await rig.kernel.change(selected, .rotate, matching: query, by: .host) { _, _ in
      false
    }
    #expect(report.changed <= 2 && report.notTried >= 8)
  }

  @Test func aKeyThatTheFilterFindsNoMoreIsLeftAlone() async throws {
    let rig = try await Rig()
    let made = try await keys(rig, 3)
    rig.clock.advance(.seconds(86_400 * 100))
    var query = try await query(rig)
    query.unusedBefore = rig.clock.now().adding(.seconds(-86_400 * 90))
    let selected = try await rig.kernel.select(query, for: .revoke)
    #expect(selected.count == 3)
    #expect(await rig.verdict(made[1].token).identity != nil)
    await rig.kernel.flushUsage()
    let report = await rig.kernel.change(selected, .revoke, matching: query, by: .host)
    #expect(report.changed == 2 && report.unchanged == 1)
    #expect(await rig.verdict(made[1].token).identity != nil)
  }

  /// A use that was only gathered so far.
  @Test func whatWasJustUsedIsNotUnused() async throws {
    let rig = try await Rig()
    let made = try await keys(rig, 2)
    rig.clock.advance(.seconds(86_400 * 100))
    #expect(await rig.verdict(made[0].token).identity != nil)
    var query = try await query(rig)
    query.unusedBefore = rig.clock.now().adding(.seconds(-86_400 * 90))
    let unused = try await rig.kernel.keys(query).items.map(\.key.id)
    #expect(unused == [made[1].stored.key.id])
  }

  @Test func whatIsBeyondTheActorFailsAloneAndARehearsalChangesNothing() async throws {
    let rig = try await Rig()
    let mine = try await rig.key("mine") { $0.scopes = ["a"] }
    _ = try await rig.key("other") { $0.scopes = ["a"] }
    _ = try await rig.key("beyond") { $0.scopes = ["b"] }
    guard let identity = await rig.verdict(mine.token).identity else {
      Issue.record("not allowed")
      return
    }
    var query = KeyQuery(now: rig.clock.now())
    query.prefix = "tok_"
    let selected = try await rig.kernel.select(query, for: .suspend)
    let head = try await rig.kernel.store.logHead()
    let rehearsal = await rig.kernel.change(
      selected, .suspend, matching: query, by: Actor(identity).rehearsing)
    #expect(rehearsal.changed == 2 && rehearsal.failed == 1)
    #expect(rehearsal.failures.map(\.error.code) == ["beyond_actor"])
    #expect(try await rig.kernel.store.logHead() == head)
    let report = await rig.kernel.change(selected, .suspend, matching: query, by: Actor(identity))
    #expect(report.changed == 2 && report.failed == 1)
    #expect(try await rig.kernel.store.logHead().position == head.position + 2)
  }
}

extension CountingStore {
  /// The prefixes of keys that were rotated.
  fileprivate func rotations(of log: [LogEntry]) -> [String] {
    log.filter { $0.signal == "token_rotated" }.compactMap(\.prefix)
  }
}
