import CardeaContracts

/// Cursors of durable subscriptions, and what they gave up on.
struct MemorySubscriptions: Sendable {
  private struct Cursor: Sendable {
    var position: Int64
    var holder: String
    var until: Timestamp
  }

  private var cursors: [Bytes: Cursor] = [:]
  /// In the order of listings.
  private var dead: [DeadLetter] = []

  mutating func claim(_ claim: SubscriptionClaim) -> Int64? {
    let name = Bytes(claim.name)
    if let cursor = cursors[name], cursor.holder != claim.holder, cursor.until > claim.now {
      return nil
    }
    var cursor =
      cursors[name] ?? Cursor(position: claim.start, holder: claim.holder, until: claim.until)
    cursor.holder = claim.holder
    cursor.until = claim.until
    cursors[name] = cursor
    return cursor.position
  }

  mutating func advance(_ step: SubscriptionStep) throws(StoreError) {
    let name = Bytes(step.name)
    guard var cursor = cursors[name], cursor.holder == step.holder, cursor.position == step.from
    else { throw .conflict }
    cursor.position = step.to
    cursors[name] = cursor
    if let position = step.settled {
      dead.removeAll { Bytes($0.subscription) == name && $0.position == position }
    }
    guard let letter = step.buried else { return }
    dead.removeAll { $0.place == letter.place }
    let index = dead.firstIndex { letter.place < $0.place } ?? dead.endIndex
    dead.insert(letter, at: index)
  }

  var records: [SubscriptionRecord] {
    cursors.keys.sorted().map { name in
      SubscriptionRecord(
        name: name.text, position: cursors[name]?.position ?? 0,
        deadLetters: dead.count { Bytes($0.subscription) == name })
    }
  }

  mutating func forget(_ subscription: String) {
    let name = Bytes(subscription)
    cursors[name] = nil
    dead.removeAll { Bytes($0.subscription) == name }
  }

  func deadLetters(_ query: DeadLetterQuery) -> [DeadLetter] {
    let after = query.after.map {
      Place(subscription: Bytes($0.subscription), position: $0.position)
    }
    return Array(
      dead.lazy.filter { letter in
        (query.subscription.map { Bytes($0) == Bytes(letter.subscription) } ?? true)
          && (!query.onlyReplayed || letter.isReplayed)
          && (after.map { $0 < letter.place } ?? true)
      }.prefix(min(max(query.limit, 1), 1_000)))
  }

  mutating func replay(subscription: String?, position: Int64?) -> Int {
    var count = 0
    for index in dead.indices
    where subscription.map({ Bytes($0) == Bytes(dead[index].subscription) }) ?? true
      && position.map({ $0 == dead[index].position }) ?? true
    {
      dead[index].isReplayed = true
      count += 1
    }
    return count
  }
}

private struct Place: Comparable {
  let subscription: Bytes
  let position: Int64

  static func < (left: Place, right: Place) -> Bool {
    (left.subscription, left.position) < (right.subscription, right.position)
  }
}

extension DeadLetter {
  fileprivate var place: Place { Place(subscription: Bytes(subscription), position: position) }
}
