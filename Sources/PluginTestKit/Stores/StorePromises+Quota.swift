import CardeaContracts

extension StorePromises {
  /// Limits that are counted for many nodes.
  var quota: [Promise] {
    guard powers.contains(.quota) else { return [] }
    return [
      quota("gives no more units than a bucket holds, and says what is used") { store in
        try await store.requireGrant(4, used: 4, draw("a", wanted: 4))
        try await store.requireGrant(0, used: 4, draw("a", wanted: 0))
        try await store.requireGrant(6, used: 10, draw("a", wanted: 7))
        try await store.requireGrant(0, used: 10, draw("a", wanted: 1))
        try require(try await store.draw([]).grants, is: [], "the answer to nothing")
      },
      quota("charges what was spent, also what a bucket does not have") { store in
        try await store.requireGrant(2, used: 5, draw("a", spent: 3, wanted: 2))
        try await store.requireGrant(0, used: 14, draw("a", spent: 9, wanted: 1))
        try await store.requireGrant(0, used: 11, draw("a", returned: 3, wanted: 1))
        try await store.requireGrant(2, used: 10, draw("a", returned: 3, wanted: 5))
      },
      quota("never holds more than a full bucket, whatever comes back") { store in
        try await store.requireGrant(2, used: 2, draw("a", wanted: 2))
        try await store.requireGrant(0, used: 0, draw("a", returned: 9))
        try await store.requireGrant(10, used: 10, draw("a", returned: 9, wanted: 10))
        try await store.requireGrant(0, used: 3, draw("b", returned: 10, spent: 3))
      },
      quota("keeps buckets apart, and answers in the order of the draws") { store in
        // Later ones have used more, and their names are in no order.
        let names = ["b", "B", "a/1", "a", "0", String(repeating: "z", count: 200)]
        for round in 1...2 {
          let answer = try await store.draw(
            names.enumerated().map { draw($1, wanted: Int64($0)) })
          try require(
            answer.grants.map(\.units), is: [0, 1, 2, 3, 4, 5], "the units, in order")
          for (index, grant) in answer.grants.enumerated() {
            try require(grant, used: Int64(index * round), "what is used of \(names[index])")
          }
        }
      },
      quota("fills a bucket as its own time goes by") { store in
        // What is used comes back within a microsecond.
        let terms = QuotaTerms(interval: 1, capacity: 1_000)
        let began = try await store.draw([]).now
        for _ in 0..<3 {
          var given: Int64 = 0
          while given < 1_000 {
            let answer = try await store.draw([
              QuotaDraw(bucket: "a", terms: terms, wanted: 1_000 - given)
            ])
            given += answer.grants[0].units
            let passed = answer.now.milliseconds - began.milliseconds
            try require(
              given == 1_000 || passed < 1_000, "\(given) of 1000 units within \(passed) ms")
          }
        }
        // The clock that it answers with is the one that it counts by.
        let before = try await store.draw([draw("b", spent: 10)])
        let after = try await store.draw([draw("b")])
        try require(after.now >= before.now, "its time goes back")
      },
      quota("fills a bucket with the next period, and not within one") { store in
        let now = try await store.draw([]).now
        let first = period(now, from: -1, to: 1)
        try await store.requireGrant(8, used: 8, nano: true, draw("a", first, wanted: 8))
        try await store.requireGrant(2, used: 10, nano: true, draw("a", first, wanted: 9))
        let next = period(now, from: 0, to: 2)
        try await store.requireGrant(3, used: 6, nano: true, draw("a", next, spent: 3, wanted: 3))
        try await store.requireGrant(
          1, used: 2, nano: true, draw("a", next, returned: 5, wanted: 1))
      },
      quota("counts nothing for a period that does not hold its time") { store in
        let now = try await store.draw([]).now
        let periods = [period(now, from: -3, to: -1), period(now, from: 1, to: 3)]
        for period in periods {
          let draw = draw("a", period, spent: 5, wanted: 5)
          try await store.requireGrant(0, used: 10, nano: true, draw)
        }
        let current = period(now, from: -1, to: 1)
        try await store.requireGrant(10, used: 10, nano: true, draw("a", current, wanted: 10))
        for period in periods {
          try await store.requireGrant(0, used: 10, nano: true, draw("a", period, returned: 5))
        }
        try await store.requireGrant(0, used: 10, nano: true, draw("a", current, wanted: 10))
      },
      quota("counts a bucket by the terms of each draw") { store in
        try await store.requireGrant(10, used: 10, draw("a", wanted: 10))
        let wider = QuotaTerms(interval: hour, capacity: 15 * hour)
        let draw = QuotaDraw(bucket: "a", terms: wider, wanted: 9)
        try await store.requireGrant(5, used: 15, draw)
        try await store.requireGrant(0, used: 15, self.draw("a", wanted: 9))
      },
      quota("gives as many units to many at once as to one after the other") { store in
        try await race([store])
      },
    ] + sharedQuota
  }

  /// The same between processes; here between two instances on one storage.
  private var sharedQuota: [Promise] {
    guard powers.contains(.shared) else { return [] }
    return [
      Promise("counts what is drawn from several instances together") {
        let test = try await make()
        defer { test.remove() }
        let again = try require(
          test.again, "the suite was given no way to open the storage again")
        let store = try require(test.store as? any QuotaStore, "it is no QuotaStore")
        let other = try require(try await again() as? any QuotaStore, "it is no QuotaStore")
        try await store.open()
        try await other.open()
        do {
          try await store.requireGrant(4, used: 4, draw("first", wanted: 4))
          try await other.requireGrant(3, used: 9, draw("first", spent: 2, wanted: 3))
          try await store.requireGrant(1, used: 10, draw("first", wanted: 4))
          try await race([store, other])
        } catch {
          await other.close()
          await store.close()
          throw error
        }
        await other.close()
        await store.close()
      }
    ]
  }

  /// Tasks that draw from the same buckets, in opposite orders, until there is nothing left.
  private func race(_ stores: [any QuotaStore]) async throws {
    let names = (0..<8).map { "bucket-\($0)" }
    let given = Tally<Int64>()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        let store = stores[task % stores.count]
        let order = task % 2 == 0 ? names : names.reversed()
        group.addTask {
          for _ in 0..<4 {
            let answer = try await store.draw(order.map { draw($0, wanted: 1) })
            given.add(answer.grants.reduce(0) { $0 + $1.units })
          }
        }
      }
      try await group.waitForAll()
    }
    try require(given.all.reduce(0, +), is: 80, "units that 8 buckets of 10 gave")
    for name in names {
      try await stores[0].requireGrant(0, used: 10, draw(name, wanted: 1))
    }
  }

  private func quota(
    _ name: String, _ body: @escaping @Sendable (any QuotaStore) async throws -> Void
  ) -> Promise {
    promise(name) { try await body(try require($0 as? any QuotaStore, "it is no QuotaStore")) }
  }

  /// Of a bucket of ten units, each of which comes back in an hour.
  private func draw(
    _ bucket: String, returned: Int64 = 0, spent: Int64 = 0, wanted: Int64 = 0
  ) -> QuotaDraw {
    QuotaDraw(
      bucket: bucket, terms: QuotaTerms(interval: hour, capacity: 10 * hour), spent: spent,
      returned: returned, wanted: wanted)
  }

  /// Of a bucket of ten units for a period.
  private func draw(
    _ bucket: String, _ period: Range<Timestamp>, returned: Int64 = 0, spent: Int64 = 0,
    wanted: Int64 = 0
  ) -> QuotaDraw {
    QuotaDraw(
      bucket: bucket, terms: QuotaTerms(interval: 1, capacity: 10, period: period), spent: spent,
      returned: returned, wanted: wanted)
  }

  /// From so many days after `now` to so many.
  private func period(_ now: Timestamp, from: Int64, to: Int64) -> Range<Timestamp> {
    let day: Int64 = 86_400_000
    return Timestamp(
      milliseconds: now.milliseconds + from * day)..<Timestamp(
        milliseconds: now.milliseconds + to * day)
  }
}

private let hour: Int64 = 3_600_000_000_000

extension QuotaStore {
  /// - Parameters:
  ///   - used: in units, of which less than one may have come back meanwhile.
  ///   - nano: a unit is one nanosecond, and nothing comes back.
  fileprivate func requireGrant(
    _ units: Int64, used: Int64, nano: Bool = false, _ draw: QuotaDraw
  ) async throws {
    let grants = try await self.draw([draw]).grants
    try require(grants.count, is: 1, "the number of grants")
    try require(grants[0].units, is: units, "the units of \(draw)")
    if nano { return try require(grants[0].used, is: used, "what is used after \(draw)") }
    try require(grants[0], used: used, "what is used after \(draw)")
  }
}

private func require(_ grant: QuotaGrant, used: Int64, _ what: String) throws {
  let least = (used - 1) * hour
  try require(
    (used == 0 ? 0 : least + 1)...used * hour ~= grant.used,
    "\(what): \(grant.used) ns instead of \(used) hours")
}
