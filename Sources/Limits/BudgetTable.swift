/// What was used of their budgets by so many subjects, in bounded memory: one number for each.
///
/// The greater the number, the more was used; a number at or below the caller's `floor` means that nothing
/// was, and its place may be taken. Each subject belongs to one set of eight places. Where all eight are taken
/// by others with something used, the one with the least gives way: the heaviest users are the last to be
/// forgotten, and whoever is forgotten merely has a full budget again. 24 bytes for each place, taken a
/// 64th at a time as subjects come.
///
/// Threading: any thread; a call holds one of 64 locks for some nanoseconds.
package final class BudgetTable: Sendable {
  /// A subject: an id, or a keyed digest. All 128 bits are compared.
  package struct Subject: Sendable, Hashable {
    let low: UInt64
    let high: UInt64

    package init(low: UInt64, high: UInt64) {
      self.low = low
      self.high = high
    }
  }

  private static let shardCount = 64
  private static let ways = 8
  private let shards: [Locked<ContiguousArray<Place>>]
  private let sets: Int

  private struct Place {
    var subject: Subject
    /// `.min`: nobody was ever here.
    var used: Int64
  }

  /// - Parameter capacity: subjects that are held at most, rounded up to a multiple of 512.
  package init(capacity: Int) {
    let unit = BudgetTable.shardCount * BudgetTable.ways
    sets = max(1, (min(max(capacity, 1), 100_000_000) + unit - 1) / unit)
    shards = (0..<BudgetTable.shardCount).map { _ in Locked([]) }
  }

  /// Subjects that are held at most.
  package var capacity: Int { BudgetTable.shardCount * BudgetTable.ways * sets }

  /// Places that memory was taken for.
  package var allocated: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }

  /// Changes what a subject used. `change` is given `floor` for one that used nothing; what it leaves at or
  /// below `floor` is not kept.
  package func update<Result: Sendable>(
    _ subject: Subject, floor: Int64, _ change: (inout Int64) -> Result
  ) -> Result {
    let hash = BudgetTable.hash(subject)
    return shards[hash.shard].withLock { places in
      let first = hash.spread % sets * BudgetTable.ways
      var free: Int?
      var least: Int?
      if !places.isEmpty {
        for index in first..<first + BudgetTable.ways {
          let place = places[index]
          if place.used > floor, place.subject == subject {
            return change(&places[index].used)
          }
          if place.used <= floor {
            free = free ?? index
          } else if place.used < least.map({ places[$0].used }) ?? .max {
            least = index
          }
        }
      }
      var used = floor
      let result = change(&used)
      guard used > floor else { return result }
      if places.isEmpty {
        let nobody = Place(subject: Subject(low: 0, high: 0), used: .min)
        places = ContiguousArray(repeating: nobody, count: sets * BudgetTable.ways)
      }
      places[free ?? least ?? first] = Place(subject: subject, used: used)
      return result
    }
  }

  /// What a subject used; `floor` if nothing.
  package func used(_ subject: Subject, floor: Int64) -> Int64 {
    update(subject, floor: floor) { $0 }
  }

  /// Subjects whose number is above `floor`. Walks the table: for tests and figures.
  package func count(above floor: Int64) -> Int {
    shards.reduce(0) { $0 + $1.withLock { $0.count { $0.used > floor } } }
  }

  /// Where a subject belongs. Seeded for each process: it only spreads.
  private static func hash(_ subject: Subject) -> (shard: Int, spread: Int) {
    let bits = UInt(bitPattern: subject.hashValue)
    return (
      Int(truncatingIfNeeded: bits % UInt(shardCount)),
      Int(truncatingIfNeeded: (bits / UInt(shardCount)) & UInt(Int.max >> 6))
    )
  }
}
