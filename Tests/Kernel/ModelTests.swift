import CardeaLifecycle
import CardeaMemoryStore
import Foundation
import Testing

/// V8: random sequences of operations do what a small model says that they do.
@Suite struct ModelTests {
  /// A token and, while a rotation's overlap is open, its end.
  private struct Token {
    let secret: Secret
    var endsAt: Timestamp?
  }

  private struct Key {
    let id: UUID
    let owner: Int
    var status = KeyRecord.Status.active
    var expiresAt: Timestamp?
    /// Newest last.
    var tokens: [Token]
    /// Tokens that must never work again.
    var dead: [Secret] = []

    func isOpen(_ now: Timestamp) -> Bool {
      tokens.contains { $0.endsAt.map { $0 > now } ?? false }
    }

    func state(_ now: Timestamp) -> KeyState {
      if status == .active, let expiresAt, now >= expiresAt { return .expired }
      return KeyState(rawValue: status.rawValue) ?? .purged
    }

    var isOver: Bool { status == .revoked || status == .purged }
  }

  /// Reproducible, as a printed seed can be given again (`CARDEA_MODEL_SEED`).
  private struct Dice {
    var state: UInt64
    mutating func roll(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
  }

  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }

  @Test func theKernelDoesWhatTheModelSays() async throws {
    let seed = ModelTests.number("CARDEA_MODEL_SEED") ?? .random(in: 1...UInt64.max)
    let operations = Int(ModelTests.number("CARDEA_MODEL_OPERATIONS") ?? 10_000)
    print("model: seed \(seed), \(operations) operations")
    var dice = Dice(state: seed)
    var done = 0
    // A fresh world now and then, so that a long run does not only meet dead keys.
    while done < operations {
      let count = min(500, operations - done)
      try await run(count, &dice, "seed \(seed)")
      done += count
    }
  }

  private func run(_ operations: Int, _ dice: inout Dice, _ seed: String) async throws {
    // Without limits, of which the model knows nothing: a token that is first seen once its key was purged can't be
    // told from a guess.
    let rig = try await Rig {
      $0.failedPerAddress = nil
      $0.failedPerPrefixAndAddress = nil
    }
    let kernel = rig.kernel
    var owners: [(record: OwnerRecord, disabled: Bool)] = []
    for name in ["alice", "bob"] {
      owners.append(
        (try await kernel.createOwner(NewOwner(name: name, maxKeys: 8), by: .host).owner, false))
    }
    var keys: [Key] = []
    for step in 0..<operations {
      let now = rig.clock.now()
      let place = "\(seed), step \(step)"
      let index = keys.isEmpty ? nil : dice.roll(keys.count)
      let choice = dice.roll(20)
      switch (choice, index) {
      case (0...2, _), (_, nil):
        let owner = dice.roll(2)
        let held = keys.count { $0.owner == owner && !$0.isOver }
        var new = NewKey(name: "k")
        new.owner = OwnerReference(name: owners[owner].record.name)
        let expiry = dice.roll(3) == 0 ? nil : Duration.seconds(1 + dice.roll(200))
        new.expiry = expiry.map { .after($0) } ?? .never
        let outcome = await code { () async throws(LifecycleError) in
          let issued = try await kernel.createKey(new, by: .host)
          keys.append(
            Key(
              id: issued.stored.key.id, owner: owner, expiresAt: expiry.flatMap { now.adding($0) },
              tokens: [Token(secret: issued.token)]))
        }
        let expected = owners[owner].disabled ? "owner_disabled" : held >= 8 ? "owner_limit" : "ok"
        #expect(outcome == expected, "create, \(place)")
      case (3...4, let index?):
        let overlap: Duration = dice.roll(2) == 0 ? .zero : .seconds(1 + dice.roll(60))
        var issued: IssuedKey?
        let outcome = await code { () async throws(LifecycleError) in
          issued = try await kernel.rotateToken(
            keys[index].id, Rotation(overlap: overlap), by: .host)
        }
        let isRefused = overlap > .zero && keys[index].isOpen(now)
        let expected =
          keys[index].isOver
          ? keys[index].status.rawValue : isRefused ? "rotation_in_progress" : "ok"
        #expect(outcome == expected, "rotate, \(place)")
        guard let issued else { continue }
        var old = keys[index].tokens
        if overlap > .zero, var last = old.popLast() {
          last.endsAt = now.adding(overlap)
          keys[index].dead += old.map(\.secret)
          keys[index].tokens = [last, Token(secret: issued.token)]
        } else {
          keys[index].dead += old.map(\.secret)
          keys[index].tokens = [Token(secret: issued.token)]
        }
      case (5...6, let index?):
        let isCompletion = choice == 5
        let outcome = await code { () async throws(LifecycleError) in
          _ =
            isCompletion
            ? try await kernel.completeRotation(keys[index].id, by: .host)
            : try await kernel.cancelRotation(keys[index].id, by: .host)
        }
        let isOpen = keys[index].isOpen(now)
        let expected =
          keys[index].isOver ? keys[index].status.rawValue : isOpen ? "ok" : "no_rotation"
        #expect(outcome == expected, "complete or cancel, \(place)")
        guard outcome == "ok", let first = keys[index].tokens.first,
          let last = keys[index].tokens.last
        else { continue }
        keys[index].dead.append(isCompletion ? first.secret : last.secret)
        keys[index].tokens = [Token(secret: isCompletion ? last.secret : first.secret)]
      case (7...8, let index?):
        let outcome = await code { () async throws(LifecycleError) in
          _ = try await kernel.suspendKey(keys[index].id, by: .host)
        }
        #expect(outcome == (keys[index].isOver ? keys[index].status.rawValue : "ok"), "\(place)")
        if outcome == "ok" { keys[index].status = .suspended }
      case (9...10, let index?):
        let outcome = await code { () async throws(LifecycleError) in
          _ = try await kernel.reactivateKey(keys[index].id, by: .host)
        }
        #expect(outcome == (keys[index].isOver ? keys[index].status.rawValue : "ok"), "\(place)")
        if outcome == "ok" { keys[index].status = .active }
      case (11, let index?):
        let outcome = await code { () async throws(LifecycleError) in
          _ = try await kernel.revokeKey(keys[index].id, by: .host)
        }
        #expect(outcome == "ok", "revoke, \(place)")
        if keys[index].status != .purged { keys[index].status = .revoked }
      case (12, let index?) where dice.roll(3) == 0:
        let outcome = await code { () async throws(LifecycleError) in
          _ = try await kernel.purgeKey(keys[index].id, by: .host)
        }
        #expect(outcome == "ok", "purge, \(place)")
        keys[index].status = .purged
      case (13, let index?):
        var edit = KeyEdit()
        let expiry = Duration.seconds(1 + dice.roll(100))
        edit.expiry = .after(expiry)
        let outcome = await code { () async throws(LifecycleError) in
          _ = try await kernel.updateKey(keys[index].id, edit, by: .host)
        }
        #expect(outcome == (keys[index].isOver ? keys[index].status.rawValue : "ok"), "\(place)")
        if outcome == "ok" { keys[index].expiresAt = now.adding(expiry) }
      case (14, _):
        let owner = dice.roll(2)
        owners[owner].disabled.toggle()
        let id = owners[owner].record.id
        _ =
          owners[owner].disabled
          ? try await kernel.disableOwner(id, by: .host)
          : try await kernel.enableOwner(id, by: .host)
      case (15, _): await kernel.flushUsage()
      case (16, _): try await kernel.sweep()
      default: rig.clock.advance(.seconds(dice.roll(20)))
      }
      try await check(&dice, rig, keys, owners.map(\.disabled), place)
    }
  }

  /// One token, right or dead, of one key gets the verdict that the model gives it.
  private func check(
    _ dice: inout Dice, _ rig: Rig, _ keys: [Key], _ disabled: [Bool], _ place: String
  ) async throws {
    guard !keys.isEmpty else { return }
    let now = rig.clock.now()
    let key = keys[dice.roll(keys.count)]
    if dice.roll(4) == 0, let dead = key.dead.last {
      let verdict = await rig.verdict(dead)
      let expected: Denial.Reason = key.status == .purged ? .purged : .wrongSecret
      #expect(verdict.denial?.reason == expected, "a dead token, \(place)")
      return
    }
    let token = key.tokens[dice.roll(key.tokens.count)]
    let expected: Denial.Reason? =
      if key.status == .purged { .purged } else if token.endsAt.map({ $0 <= now }) ?? false {
        .wrongSecret
      } else {
        switch key.state(now) {
        case .active: disabled[key.owner] ? .ownerDisabled : nil
        case .expired: .expired
        case .suspended: .suspended
        case .revoked: .revoked
        case .purged: .purged
        }
      }
    let verdict = await rig.verdict(token.secret)
    #expect(verdict.denial?.reason == expected, "\(place)")
    if dice.roll(10) == 0 {
      let stored = try await rig.kernel.key(key.id)
      #expect(stored.key.state(at: now) == key.state(now), "the listed state, \(place)")
    }
  }

  private func code(_ operation: () async throws(LifecycleError) -> Void) async -> String {
    do throws(LifecycleError) {
      try await operation()
      return "ok"
    } catch { return error.code }
  }
}
