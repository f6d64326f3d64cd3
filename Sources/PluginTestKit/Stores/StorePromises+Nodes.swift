import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StorePromises {
  /// What processes that share a store are told of one another; here instances on one storage.
  var nodes: [Promise] {
    guard powers.contains(.nodes) else { return [] }
    return [
      nodes("names a node that has joined and polled, as it introduced itself") { store, other in
        try require(try await store.nodes().map(\.node), is: [], "nodes that have not joined")
        let card = card("web-1", version: "2.10.0-beta", lease: .milliseconds(2_300))
        try await store.join(card) {}
        _ = try store.poll(after: 0, limit: 9)
        // Whoever only polls is no node.
        _ = try other.poll(after: 0, limit: 9)
        for instance in [store, other] {
          try require(try await instance.nodes().map(\.node), is: [card], "the nodes")
        }
      },
      nodes("lists nodes by name") { store, other in
        let cards = [card("b"), card("a")]
        try await store.join(cards[0]) {}
        try await other.join(cards[1]) {}
        for instance in [store, other] { _ = try instance.poll(after: 0, limit: 9) }
        try require(try await store.nodes().map(\.node.name), is: ["a", "b"], "names of nodes")
      },
      nodes("keeps apart nodes that carry one name") { store, other in
        let cards = [card("a"), card("a")]
        for (instance, card) in zip([store, other], cards) {
          try await instance.join(card) {}
          _ = try instance.poll(after: 0, limit: 9)
        }
        try require(
          Set(try await store.nodes().map(\.node.id)), is: Set(cards.map(\.id)), "ids of nodes")
      },
      nodes("takes for confirmed what a node has polled after, and nothing that it was given") {
        store, other in
        let (one, two) = (card("one"), card("two"))
        try await store.join(one) {}
        try await other.join(two) {}
        for number in 1...3 { try await store.insert(Samples.key(number)) }
        let marks = try other.poll(after: 0, limit: 9)
        try require(marks.map(\.position), is: [1, 2, 3], "positions polled")
        try await store.requireApplied(0, by: two, "was given entries and has not confirmed them")
        _ = try other.poll(after: 2, limit: 9)
        try await store.requireApplied(2, by: two, "polled after position 2")
        _ = try store.poll(after: 3, limit: 9)
        try await other.requireApplied(3, by: one, "polled after position 3")
        try await other.requireApplied(2, by: two, "polled after position 2, another after 3")
      },
      nodes("counts a node's silence from its last poll") { store, other in
        let card = card("one", lease: .seconds(86_400))
        try await store.join(card) {}
        _ = try store.poll(after: 0, limit: 9)
        try require(try await other.status(of: card).isAlive, "a node that has just polled is dead")
        // As long as it takes until some of it shows.
        let silences = Tally<Duration>()
        try await withinPatience(of: "a node's silence") {
          while (silences.all.last ?? .zero) < .milliseconds(50) {
            _ = try other.poll(after: 0, limit: 9)
            silences.add(try await other.status(of: card).silence)
          }
        }
        _ = try store.poll(after: 0, limit: 9)
        let (before, after) = (silences.all.last, try await other.status(of: card).silence)
        try require(after < before ?? .zero, "a poll ends no silence: \(after) after it")
      },
      nodes("takes out a node that closes, and no other") { store, other in
        let (one, two) = (card("one"), card("two"))
        for (instance, card) in [(store, one), (other, two)] {
          try await instance.join(card) {}
          _ = try instance.poll(after: 0, limit: 9)
        }
        await other.close()
        try require(try await store.nodes().map(\.node), is: [one], "the nodes that are left")
      },
      nodes("follows no log that lacks what was applied, until it is told to begin anew") {
        store, other in
        for number in 1...2 { try await other.insert(Samples.key(number)) }
        try require(try store.poll(after: 0, limit: 9).count, is: 2, "entries")
        do {
          let marks = try store.poll(after: 5, limit: 9)
          throw Broken("a poll past the log's end gave \(marks.map(\.position))")
        } catch let error as StoreError {
          try require(error, is: .conflict, "the error of a poll past the log's end")
        }
        try require(try store.forgetHistory(), is: 2, "the position to begin anew after")
        try require(try store.poll(after: 2, limit: 9), is: [], "entries after the last")
        try await other.insert(Samples.key(3))
        try require(try store.poll(after: 2, limit: 9).map(\.position), is: [3], "the next")
      },
      nodes("tells the time once it was polled, which never goes back") { store, other in
        _ = try store.poll(after: 0, limit: 9)
        var last = try require(store.storeTime, "there is no time after a poll")
        for _ in 0..<50 {
          let time = try require(store.storeTime, "there is no time any more")
          try require(time >= last, "time went back from \(last) to \(time)")
          last = time
        }
        _ = try other.poll(after: 0, limit: 9)
        let others = try require(other.storeTime, "there is no time after a poll")
        // Instances read one clock, so they differ by a poll's duration.
        let minute: Int64 = 60_000
        try require(
          abs(others.milliseconds - last.milliseconds) < minute,
          "two instances tell \(last) and \(others)")
      },
      nodes("says what is to be known of it in lines, the same when nothing has changed") {
        store, _ in
        _ = try store.poll(after: 0, limit: 9)
        let cautions = store.cautions
        for caution in cautions {
          try require(
            !caution.isEmpty && !caution.contains { $0.isNewline }, "\(caution) is no line")
        }
        try require(store.cautions, is: cautions, "the cautions, asked for again")
      },
    ]
  }

  private func nodes(
    _ name: String,
    _ body: @escaping @Sendable (any ManyNodeStore, any ManyNodeStore) async throws -> Void
  ) -> Promise {
    shared(name) { store, other in
      try await body(
        try require(store as? any ManyNodeStore, "it is no ManyNodeStore"),
        try require(other as? any ManyNodeStore, "it is no ManyNodeStore"))
    }
  }

  private func card(
    _ name: String, version: String = "1.0", lease: Duration = .seconds(1)
  ) -> NodeCard {
    NodeCard(id: UUID(), name: name, lease: lease, version: version)
  }
}

extension ManyNodeStore {
  fileprivate func status(of card: NodeCard) async throws -> NodeStatus {
    try require(
      try await nodes().first { $0.node.id == card.id }, "the node \(card.name) is not listed")
  }

  fileprivate func requireApplied(
    _ position: Int64, by card: NodeCard, _ what: String
  ) async throws {
    try require(
      try await status(of: card).applied, is: position,
      "what the node \(card.name) has applied, which \(what)")
  }
}
