import CardeaLifecycle
import CardeaMemoryStore
import Testing

/// What a meter is told.
@Suite struct MeterTests {
  final class Notes: KernelMeter {
    let authentications = Collected<MeasuredAuthentication>()
    let lookups = Collected<MeasuredLookup>()
    let commits = Collected<MeasuredCommit>()

    func note(_ authentication: MeasuredAuthentication) { authentications.append(authentication) }
    func note(_ lookup: MeasuredLookup) { lookups.append(lookup) }
    func note(_ commit: MeasuredCommit) { commits.append(commit) }
  }

  @Test func eachVerdictIsToldOnceWithWhereItCameFrom() async throws {
    let notes = Notes()
    let rig = try await Rig(meter: notes)
    let key = try await rig.key()
    #expect(rig.warmVerdict(key.token) == nil)
    #expect(notes.authentications.all.isEmpty, "not decided yet")
    _ = await rig.verdict(key.token)
    _ = rig.warmVerdict(key.token)
    _ = await rig.verdict(key.token, requiring: Requirement(scopes: ["a"]))
    _ = await rig.verdict(Secret(Array("nonsense".utf8)))
    _ = await rig.kernel.authenticate(Call([]))
    _ = await rig.kernel.verify(token: key.token, facts: RequestFacts(method: "GET", path: "/"))
    _ = try await rig.kernel.revokeKey(key.stored.key.id, by: .host)
    _ = await rig.verdict(key.token)
    let told = notes.authentications.all.map { "\($0.reason?.rawValue ?? "allow") \($0.source)" }
    #expect(
      told == [
        "allow store", "allow memory", "insufficient_scope memory", "malformed nowhere",
        "missing nowhere", "allow memory", "revoked store",
      ])
  }

  /// Nobody was denied, so there is no verdict to tell of.
  @Test func aRequestThatNeedsNoTokenIsNotTold() async throws {
    let notes = Notes()
    let rig = try await Rig(meter: notes)
    var optional = Requirement.none
    optional.isOptional = true
    _ = await rig.kernel.authenticate(Call([]), requiring: optional)
    #expect(notes.authentications.all.isEmpty)
  }

  @Test func timeIsThatOfTheKernelsClock() async throws {
    let notes = Notes()
    let clock = HandClock()
    let rig = try await Rig(clock: clock, meter: notes)
    let key = try await rig.key()
    clock.advance(.seconds(1_000))
    let before = clock.monotonic()
    _ = await rig.verdict(key.token)
    let took = try #require(notes.authentications.all.first?.nanoseconds)
    #expect(took <= clock.monotonic() - before)
    let lookup = try #require(notes.lookups.all.first?.nanoseconds)
    #expect(lookup <= took)
  }

  /// And none where memory is enough: the warm path has nothing to measure.
  @Test func lookUpsAreToldByWhatCameOfThem() async throws {
    let notes = Notes()
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store, meter: notes)
    let key = try await rig.key()
    #expect(notes.lookups.all.isEmpty, "no token was presented")
    _ = await rig.verdict(key.token)
    #expect(notes.lookups.all.map(\.result) == [.found])
    for _ in 0..<3 {
      #expect(await rig.verdict(key.token).identity != nil)
      #expect(rig.warmVerdict(key.token)?.identity != nil)
    }
    #expect(notes.lookups.all.count == 1)
    _ = await rig.verdict(try wrongToken())
    store.fails = true
    _ = await rig.verdict(try wrongToken())
    #expect(notes.lookups.all.map(\.result) == [.found, .absent, .failed])
    #expect(notes.lookups.all.allSatisfy { $0.nanoseconds == 0 }, "the clock stood still")
  }

  @Test func commitsAreToldByWhatCameOfThem() async throws {
    let notes = Notes()
    let rig = try await Rig(meter: notes)
    _ = try await rig.kernel.createOwner(NewOwner(name: "anna"), by: .host)
    _ = try? await rig.kernel.createOwner(NewOwner(name: "anna"), by: .host)
    let results = notes.commits.all.map(\.result)
    #expect(results.first == .done)
    #expect(results.dropFirst().allSatisfy { $0 == .refused })
  }
}
