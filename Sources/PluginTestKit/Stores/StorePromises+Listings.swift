import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StorePromises {
  /// Listings.
  var listings: [Promise] {
    [
      promise("lists keys newest first, page by page, each once") { store in
        let owner = Samples.owner(1)
        _ = try await store.commit(inserting(owner))
        for number in [3, 1, 7, 5, 2, 6, 4] {
          try await store.insert(Samples.key(number, owner: owner))
        }
        let expected = (1...7).reversed().map {
          StoredKey(key: Samples.key($0, owner: owner), owner: owner)
        }
        var query = KeyQuery(now: Samples.start)
        let whole = try await store.keys(query)
        try require(whole.items == expected, "the order is \(whole.items.map(\.key.prefix))")
        try require(whole.next == nil, "the only page says that it is not the last")
        for limit in [1, 2, 3, 7] {
          query = KeyQuery(now: Samples.start, limit: limit)
          var found: [StoredKey] = []
          for _ in 0..<8 {
            let page = try await store.keys(query)
            try require(page.items.count <= limit, "a page of \(limit) has \(page.items.count)")
            found += page.items
            guard let next = page.cursor(in: query.sort) else { break }
            query.after = next
          }
          try require(
            found == expected, "pages of \(limit) give \(found.map(\.key.prefix))")
        }
      },
      promise("lists the keys that every filter lets through") { store in
        let owner = Samples.owner(1)
        let keys = try await prepare(store, owner: owner)
        func expect(
          _ numbers: [Int], _ what: String, _ filter: (inout KeyQuery) -> Void
        ) async throws {
          var query = KeyQuery(now: Samples.time(100))
          filter(&query)
          let found = try await store.keys(query).items.map(\.key.prefix)
          try require(found, is: numbers.map { "tok_kit\($0)" }, "keys by \(what)")
        }
        try await expect([6, 5, 4, 3, 2, 1], "no filter") { _ in }
        try await expect([2, 1], "owner") { $0.ownerID = owner.id }
        try await expect([], "an unknown owner") { $0.ownerID = Samples.id(9) }
        try await expect([6, 1], "state active") { $0.state = .active }
        try await expect([2], "state suspended") { $0.state = .suspended }
        try await expect([3], "state expired") { $0.state = .expired }
        try await expect([4], "state revoked") { $0.state = .revoked }
        try await expect([5], "state purged") { $0.state = .purged }
        try await expect([3], "state expired at its last moment") {
          $0.state = .expired
          $0.now = Samples.time(50)
        }
        try await expect([6, 3, 1], "state active before it") {
          $0.state = .active
          $0.now = Timestamp(milliseconds: Samples.time(50).milliseconds - 1)
        }
        try await expect([6], "kind") { $0.kind = .user }
        try await expect([4], "class") { $0.keyClass = "bronze" }
        try await expect([6], "scope") { $0.scope = "billing:*" }
        try await expect([], "a part of a scope") { $0.scope = "billing" }
        try await expect([3], "the format of one of its secrets") { $0.format = "dotted" }
        try await expect([], "a part of a format") { $0.format = "dot" }
        try await expect([6, 5, 4], "creation from") { $0.createdFrom = Samples.time(4) }
        try await expect([3, 2, 1], "creation before") { $0.createdBefore = Samples.time(4) }
        try await expect([5, 4], "creation between") {
          $0.createdFrom = Samples.time(4)
          $0.createdBefore = Samples.time(6)
        }
        try await expect([3], "expiry before") { $0.expiresBefore = Samples.time(51) }
        try await expect([], "expiry before its moment") { $0.expiresBefore = Samples.time(50) }
        try await expect([5, 4, 3, 2, 1], "expiry from") { $0.expiresFrom = Samples.time(50) }
        try await expect([6], "a part of the name") { $0.text = "100%_SURE" }
        try await expect([], "a pattern, which is no text") { $0.text = "100__" }
        try await expect([2], "a part of the description") { $0.text = "NUMBER 2" }
        try await expect([4], "a part of the prefix") { $0.text = "Kit4" }
        try await expect([2, 1], "a prefix's beginning") {
          $0.prefix = "tok_kit"
          $0.ownerID = owner.id
        }
        try await expect([3], "the whole prefix") { $0.prefix = "tok_kit3" }
        try await expect([], "a prefix of other case") { $0.prefix = "TOK" }
        try await expect([], "a prefix that is a pattern") { $0.prefix = "tok_kit_" }
        try await expect([4, 3, 2, 1], "being unused") { $0.unusedBefore = Samples.time(6) }
        try await expect([5, 4, 3, 2, 1], "being unused, a reactivation later") {
          $0.unusedBefore = Samples.time(7)
        }
        try await expect([4], "metadata that is a number") { $0.metadata = ["number": "4"] }
        try await expect([6], "metadata that is a text") { $0.metadata = ["team": "ops"] }
        try await expect([6], "two fields of metadata") {
          $0.metadata = ["team": "ops", "on": "true"]
        }
        try await expect([6], "metadata that is null") { $0.metadata = ["none": "null"] }
        try await expect([6], "metadata that is a fraction") { $0.metadata = ["share": "2.5"] }
        try await expect([], "metadata of another value") { $0.metadata = ["team": "OPS"] }
        try await expect([], "metadata that is a list") { $0.metadata = ["tags": "[\"a\",null]"] }
        try await expect([], "a path, which is no field") { $0.metadata = ["$.team": "ops"] }
        try await expect([1], "an expiry that was not announced so near") {
          $0.unannouncedDays = 1
          $0.expiresFrom = Samples.time(51)
        }
        try await expect([], "an expiry that was announced") { $0.unannouncedDays = 7 }
        try await expect([1], "owner and state") {
          $0.ownerID = owner.id
          $0.state = .active
        }
        try require(keys.count, is: 6, "keys")
      },
      promise("pages through a filtered listing") { store in
        _ = try await prepare(store, owner: Samples.owner(1))
        var query = KeyQuery(now: Samples.time(100), limit: 1)
        query.state = .active
        let first = try await store.keys(query)
        try require(first.items.map(\.key.prefix), is: ["tok_kit6"], "the first page")
        query.after = try require(
          first.cursor(in: query.sort), "the first page says that it is the last")
        let second = try await store.keys(query)
        try require(second.items.map(\.key.prefix), is: ["tok_kit1"], "the second page")
        if let next = second.cursor(in: query.sort) {
          query.after = next
          let third = try await store.keys(query)
          try require(third.items.isEmpty && third.next == nil, "there is a third page")
        }
      },
      promise("lists keys in every order, page by page, each once") { store in
        // By name: the letters' case does not count, other bytes do; equals follow by id.
        let names = ["beta", "Alpha", "ALPHA", "alphabet", "\u{e4}gypten", "Zulu", "10", "alpha"]
        let ends: [Int?] = [70, nil, 50, 90, 50, nil, 70, 20]
        for number in [3, 1, 7, 5, 2, 6, 4, 0] {
          var key = Samples.key(number)
          key.name = names[number]
          key.expiresAt = ends[number].map(Samples.time)
          try await store.insert(key)
        }
        for (sort, expected): (KeySort, [Int]) in [
          (.oldest, [0, 1, 2, 3, 4, 5, 6, 7]), (.newest, [7, 6, 5, 4, 3, 2, 1, 0]),
          (.name, [6, 1, 2, 7, 3, 0, 5, 4]), (.nameDescending, [4, 5, 0, 3, 7, 2, 1, 6]),
          (.expiry, [7, 2, 4, 0, 6, 3, 1, 5]), (.expiryDescending, [3, 6, 0, 4, 2, 7, 5, 1]),
        ] {
          for limit in [1, 2, 3, 8] {
            var query = KeyQuery(now: Samples.start, limit: limit)
            query.sort = sort
            let found = try await pages(store, query)
            try require(
              found, is: expected.map { "tok_kit\($0)" },
              "keys by \(sort.rawValue) in pages of \(limit)")
            query.text = "ALPHA"
            try require(
              try await pages(store, query),
              is: expected.filter { [1, 2, 3, 7].contains($0) }.map { "tok_kit\($0)" },
              "filtered keys by \(sort.rawValue) in pages of \(limit)")
          }
        }
      },
      promise("goes on where a page ended though its last key is another one now") { store in
        for number in 1...4 {
          var key = Samples.key(number)
          key.name = ["ant", "bee", "cat", "dog"][number - 1]
          try await store.insert(key)
        }
        var query = KeyQuery(now: Samples.start, limit: 2)
        query.sort = .name
        let first = try await store.keys(query)
        try require(first.items.map(\.key.name), is: ["ant", "bee"], "the first page")
        var renamed = Samples.key(2)
        renamed.name = "zebra"
        renamed.revision += 1
        _ = try await store.commit(replacing(renamed))
        query.after = try require(
          first.cursor(in: .name), "the first page says that it is the last")
        try require(
          try await store.keys(query).items.map(\.key.name), is: ["cat", "dog"], "the second page")
      },
      promise("lists owners by name within kind, page by page, each once") { store in
        let owners = [
          Samples.owner(1, name: "carol"), Samples.owner(2, name: "alice"),
          Samples.owner(3, kind: .organization, name: "bob"), Samples.owner(4, name: "bob"),
          Samples.owner(5, kind: .organization, name: "alice"),
        ]
        for owner in owners { _ = try await store.commit(inserting(owner)) }
        try require(
          try await store.owners(OwnerQuery(kind: .user)).items.map(\.name),
          is: ["alice", "bob", "carol"], "users")
        try require(
          try await store.owners(OwnerQuery(kind: .organization)).items.map(\.name),
          is: ["alice", "bob"], "organizations")
        try require(
          try await store.owners(OwnerQuery(kind: .user, name: "bob")).items, is: [owners[3]],
          "users named bob")
        var ofMember = OwnerQuery()
        ofMember.member = "bob4"
        try require(
          try await store.owners(ofMember).items, is: [owners[3]], "owners with a member")
        ofMember.member = "bob"
        try require(try await store.owners(ofMember).items, is: [], "owners with a part of a name")
        let all = try await store.owners(OwnerQuery()).items
        try require(Set(all.map(\.id)) == Set(owners.map(\.id)), "not all owners are listed")
        for (limit, descending) in [(1, false), (2, false), (5, false), (1, true), (2, true)] {
          var query = OwnerQuery(limit: limit)
          query.descending = descending
          var found: [OwnerRecord] = []
          for _ in 0..<6 {
            let page = try await store.owners(query)
            try require(page.items.count <= limit, "a page of \(limit) has \(page.items.count)")
            found += page.items
            guard let next = page.next else { break }
            query.after = next
          }
          try require(
            found == (descending ? all.reversed() : all),
            "pages of \(limit)\(descending ? ", backwards," : "") give \(found.map(\.name))")
        }
      },
    ]
  }

  /// The prefixes of every page, one after the other; no more pages than keys.
  private func pages(_ store: any KeyStore, _ query: KeyQuery) async throws -> [String] {
    var query = query
    var found: [String] = []
    for _ in 0..<9 {
      let page = try await store.keys(query)
      try require(
        page.items.count <= query.limit, "a page of \(query.limit) has \(page.items.count)")
      found += page.items.map(\.key.prefix)
      query.after = page.cursor(in: query.sort)
      if query.after == nil { break }
    }
    return found
  }

  /// Six keys that differ in what listings filter by; the third expires at second 50.
  private func prepare(_ store: any KeyStore, owner: OwnerRecord) async throws -> [KeyRecord] {
    var keys = [
      Samples.key(1, owner: owner), Samples.key(2, owner: owner), Samples.key(3), Samples.key(4),
      Samples.key(5), Samples.key(6),
    ]
    keys[1].status = .suspended
    keys[2].expiresAt = Samples.time(50)
    keys[2].secrets.append(Samples.secret(3, 1))
    keys[3].status = .revoked
    keys[3].keyClass = "bronze"
    keys[4].status = .purged
    keys[5].kind = .user
    keys[5].name = "100%_sure"
    keys[5].scopes = ["billing:*"]
    keys[5].expiresAt = nil
    keys[5].metadata = [
      "team": .string("ops"), "on": .bool(true), "none": .null, "share": .number(2.5),
    ]
    _ = try await store.commit(inserting(owner))
    for key in keys { try await store.insert(key) }
    return keys
  }
}
