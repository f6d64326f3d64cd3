/// A bounded hash table from digests to what is remembered of their tokens: 64 shards, each open-addressed with linear probing.
///
/// The digest is uniform under a secret key, so its bits are the hash. A shard starts small and doubles until
/// it holds its share of the capacity; from then on a hand goes round its slots and takes out the first entry
/// that was not used since the hand passed it last (second chance).
///
/// Threading: any thread.
// @unchecked: what the references refer to is `Sendable`.
final class CacheTable: @unchecked Sendable {
  private static let shardCount = 64
  private let shards: [Locked<Shard>]
  /// The same again: whoever looks something up holds on to all of them, without counting a shard's references.
  private let references: [Unmanaged<Locked<Shard>>]

  /// - Parameter capacity: entries that are held at least before any gives way, and at most an eighth more;
  ///   0 keeps none.
  init(capacity: Int) {
    // A share that is an eighth above the mean: digests do not fall on the shards quite evenly.
    let share = (capacity + CacheTable.shardCount - 1) / CacheTable.shardCount
    shards =
      capacity <= 0
      ? [] : (0..<CacheTable.shardCount).map { _ in Locked(Shard(limit: share + share / 8 + 1)) }
    references = shards.map { Unmanaged.passUnretained($0) }
  }

  var count: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }

  @inline(__always)
  func find(_ digest: Digest128) -> KnownToken? {
    if references.isEmpty { return nil }
    return references[CacheTable.shard(of: digest)]._withUnsafeGuaranteedRef { shard in
      shard.withLock { $0.find(digest) }
    }
  }

  func insert(_ token: KnownToken) {
    if shards.isEmpty || token.digest == .free { return }
    shards[CacheTable.shard(of: token.digest)].withLock { $0.insert(token) }
  }

  /// Puts what is known of a token over what was; `false` if nothing was.
  func replace(_ token: KnownToken) -> Bool {
    if shards.isEmpty { return false }
    return shards[CacheTable.shard(of: token.digest)].withLock { shard in
      guard shard.find(token.digest) != nil else { return false }
      shard.insert(token)
      return true
    }
  }

  private static func shard(of digest: Digest128) -> Int {
    Int(truncatingIfNeeded: digest.low & UInt64(shardCount - 1))
  }

  /// A digest and its token stand side by side: where one is found, the other is in the same line of the processor's
  /// cache, and a probe that goes on touches no object.
  private struct Slot {
    var digest = Digest128.free
    var token: KnownToken?
  }

  private struct Shard {
    private var slots = ContiguousArray<Slot>(repeating: Slot(), count: 16)
    private let limit: Int
    private var hand = 0
    private(set) var count = 0

    init(limit: Int) { self.limit = limit }

    private func home(_ digest: Digest128) -> Int {
      Int(truncatingIfNeeded: digest.low >> 6) & (slots.count &- 1)
    }

    private func next(_ index: Int) -> Int { (index &+ 1) & (slots.count &- 1) }

    /// Where the digest stands, or the free place where a probe for it ends.
    @inline(__always)
    private func place(of digest: Digest128) -> Int {
      var index = home(digest)
      while slots[index].digest != digest, slots[index].digest != .free { index = next(index) }
      return index
    }

    @inline(__always)
    func find(_ digest: Digest128) -> KnownToken? {
      guard let token = slots[place(of: digest)].token else { return nil }
      token.noteSight()
      return token
    }

    mutating func insert(_ token: KnownToken) {
      if slots[place(of: token.digest)].token == nil {
        if count >= limit {
          evict()
        } else if count * 2 >= slots.count {
          grow()
        }
        count += 1
      }
      put(token)
    }

    private mutating func put(_ token: KnownToken) {
      slots[place(of: token.digest)] = Slot(digest: token.digest, token: token)
    }

    private mutating func grow() {
      let old = slots
      slots = ContiguousArray(repeating: Slot(), count: old.count * 2)
      for case let token? in old.lazy.map(\.token) { put(token) }
    }

    private mutating func evict() {
      while true {
        hand = next(hand)
        guard let token = slots[hand].token else { continue }
        if !token.forgetSight() { return remove(at: hand) }
      }
    }

    /// Takes an entry out and moves up whatever had been pushed past it, so that no probe ends early.
    private mutating func remove(at index: Int) {
      var hole = index
      var probe = next(hole)
      while slots[probe].digest != .free {
        // Whether the hole lies on the way from the entry's home to where it stands.
        let mask = slots.count - 1
        if (probe - home(slots[probe].digest)) & mask >= (probe - hole) & mask {
          slots[hole] = slots[probe]
          hole = probe
        }
        probe = next(probe)
      }
      slots[hole] = Slot()
      count -= 1
    }
  }
}

extension Digest128 {
  /// Marks a free place. That a token has this digest is as likely as guessing its key; it would not be remembered.
  fileprivate static let free = Digest128(low: 0, high: 0)
}
