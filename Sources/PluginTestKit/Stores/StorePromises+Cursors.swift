import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StorePromises {
  /// Cursors of durable subscriptions, and dead letters.
  var cursors: [Promise] {
    guard powers.contains(.durable) else { return [] }
    return [
      durable("begins a subscription where its first claim says, and never again") { store in
        try require(try await store.claim(claim("mail", start: 7)), is: 7, "the first position")
        try require(
          try await store.claim(claim("mail", start: 99)), is: 7, "the same, claimed again")
        try require(try await store.claim(claim("other", start: 3)), is: 3, "another's position")
        try require(
          try await store.subscriptions(),
          is: [
            SubscriptionRecord(name: "mail", position: 7, deadLetters: 0),
            SubscriptionRecord(name: "other", position: 3, deadLetters: 0),
          ], "the subscriptions")
      },
      durable("lets one holder have a subscription until its claim runs out") { store in
        try require(try await store.claim(claim("mail")), is: 0, "the first holder's position")
        try require(
          try await store.claim(claim("mail", holder: "b", at: 9)), is: nil, "a second holder's")
        try require(try await store.claim(claim("mail", at: 9)), is: 0, "the claim made longer")
        try require(
          try await store.claim(claim("mail", holder: "b", at: 10)), is: nil, "before its end")
        try require(
          try await store.claim(claim("mail", holder: "b", at: 19)), is: 0, "at its end")
        try require(try await store.claim(claim("mail", at: 20)), is: nil, "the former holder's")
        let back = SubscriptionClaim(
          name: "mail", holder: "b", now: Samples.time(20), until: Samples.time(20), start: 0)
        _ = try await store.claim(back)
        try require(try await store.claim(claim("mail", at: 20)), is: 0, "once given back")
      },
      durable("lets exactly one of several that claim at once have it") { store in
        let won = await withTaskGroup(of: Bool.self) { group in
          for number in 0..<16 {
            group.addTask {
              (try? await store.claim(claim("mail", holder: "h\(number)"))) ?? nil != nil
            }
          }
          return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        try require(won, is: 1, "holders")
      },
      durable("moves a cursor for its holder, from where it stands, else not at all") { store in
        _ = try await store.claim(claim("mail"))
        try await store.advance(step(from: 0, to: 5))
        try await store.requireConflict(step(from: 0, to: 6), "a step from an old position")
        try await store.requireConflict(step(holder: "b", from: 5, to: 6), "another's step")
        try await store.requireConflict(step("none", from: 0, to: 1), "a step of no subscription")
        try await store.requireConflict(
          step(from: 4, to: 6, buried: letter(6)), "a step with a dead letter")
        try require(
          try await store.subscriptions(),
          is: [SubscriptionRecord(name: "mail", position: 5, deadLetters: 0)], "after them")
      },
      durable("keeps dead letters, lists them page by page, and drops what is settled") { store in
        for name in ["mail", "post"] {
          _ = try await store.claim(claim(name))
          for position in 1...3 as ClosedRange<Int64> {
            try await store.advance(
              step(name, from: position - 1, to: position, buried: letter(position, of: name)))
          }
        }
        let all = ["mail", "post"].flatMap { name in (1...3).map { letter(Int64($0), of: name) } }
        try require(try await store.deadLetters(DeadLetterQuery()), is: all, "all of them")
        try require(
          try await store.deadLetters(DeadLetterQuery(subscription: "post")),
          is: Array(all[3...]), "those of one")
        var query = DeadLetterQuery(limit: 2)
        try require(try await store.deadLetters(query), is: Array(all[..<2]), "the first page")
        query.after = .init(subscription: "mail", position: 2)
        try require(try await store.deadLetters(query), is: Array(all[2..<4]), "the second page")
        try await store.advance(step(from: 3, to: 3, settled: 2))
        try require(
          try await store.deadLetters(DeadLetterQuery(subscription: "mail")).map(\.position),
          is: [1, 3], "what is left")
        try require(
          try await store.subscriptions().map(\.deadLetters), is: [2, 3], "how many are left")
      },
      durable("marks dead letters to be delivered once more, until one is buried again") { store in
        _ = try await store.claim(claim("mail"))
        for position in 1...3 as ClosedRange<Int64> {
          try await store.advance(
            step(from: position - 1, to: position, buried: letter(position)))
        }
        try require(
          try await store.replay(subscription: "mail", position: 2), is: 1, "one of them")
        try require(
          try await store.replay(subscription: "none", position: nil), is: 0, "those of nobody")
        var query = DeadLetterQuery(subscription: "mail")
        query.onlyReplayed = true
        try require(try await store.deadLetters(query).map(\.position), is: [2], "the marked one")
        try require(try await store.replay(subscription: nil, position: nil), is: 3, "all of them")
        try await store.advance(step(from: 3, to: 3, buried: letter(2, attempts: 8)))
        try require(
          try await store.deadLetters(query).map(\.position), is: [1, 3], "what is marked still")
        try require(
          try await store.deadLetters(DeadLetterQuery()).map(\.attempts), is: [6, 8, 6],
          "the attempts")
      },
    ]
  }

  /// A promise of a ``DurableKeyStore``.
  private func durable(
    _ name: String, _ body: @escaping @Sendable (any DurableKeyStore) async throws -> Void
  ) -> Promise {
    promise(name) { store in
      try await body(
        try require(store as? any DurableKeyStore, "the store is no DurableKeyStore"))
    }
  }
}

/// A claim of ten seconds.
func claim(
  _ name: String, holder: String = "a", at second: Int = 0, start: Int64 = 0
) -> SubscriptionClaim {
  SubscriptionClaim(
    name: name, holder: holder, now: Samples.time(second), until: Samples.time(second + 10),
    start: start)
}

func step(
  _ name: String = "mail", holder: String = "a", from: Int64, to: Int64,
  buried: DeadLetter? = nil, settled: Int64? = nil
) -> SubscriptionStep {
  SubscriptionStep(
    name: name, holder: holder, from: from, to: to, buried: buried, settled: settled)
}

func letter(_ position: Int64, of name: String = "mail", attempts: Int = 6) -> DeadLetter {
  DeadLetter(
    subscription: name, position: position, signal: "key_revoked", keyID: Samples.id(1),
    prefix: "tok_kit1", failedAt: Samples.time(5), attempts: attempts, reason: "HTTP 503")
}

extension DurableKeyStore {
  fileprivate func requireConflict(_ step: SubscriptionStep, _ what: String) async throws {
    do throws(StoreError) { try await advance(step) } catch {
      return try require(error, is: .conflict, "the error for \(what)")
    }
    throw Broken("\(what) was taken")
  }
}
