import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StorePromises {
  /// Counts of the access log.
  var usage: [Promise] {
    guard powers.contains(.usage) else { return [] }
    return [
      usage("counts the entries of a key in a range of time, each as often as it says") { store in
        var fold = use(at: 2 * day, .rateLimited)
        fold.count = 40
        _ = try await store.append(
          batch(
            "a", after: 0,
            [
              use(at: -1), use(at: 0), use(at: day - 1), use(at: day, .insufficientScope), fold,
              use(at: 3 * day), use(at: 0, key: Samples.id(8)), use(at: 0, key: nil),
              use(at: 0, action: "key_seen_elsewhere"),
            ]))
        _ = try await store.append(batch("b", after: 0, [use(at: day)]))
        let counts = try await store.usage(query(mostPaths: 9))
        try require(
          counts.days.map(\.start.milliseconds), is: [0, day, 2 * day], "the days, in order")
        try require(
          counts.days.map(\.verdicts),
          is: [["allowed": 2], ["allowed": 1, "insufficient_scope": 1], ["rate_limited": 40]],
          "their counts")
        try require(
          counts.verdicts, is: ["allowed": 3, "insufficient_scope": 1, "rate_limited": 40],
          "the sum")
      },
      usage("tells the paths with the highest counts apart, and adds the others up") { store in
        let paths = ["/é", "/e\u{301}", "/\"\u{0}\\", nil, "/b", "/a"]
        var drafts = paths.enumerated().flatMap { index, path in
          (0...index).map { use(at: Int64($0), path: path) }
        }
        drafts.append(use(at: 0, .wrongClass, path: "/a"))
        var foreign = use(at: 0, path: "/b")
        foreign.reason = "lunar eclipse"
        drafts.append(foreign)
        _ = try await store.append(batch("a", after: 0, drafts))
        let counts = try await store.usage(query(mostPaths: 3))
        try require(counts.paths.map(\.path), is: ["/a", "/b", nil], "the paths, highest first")
        try require(
          counts.paths.map(\.verdicts),
          is: [["allowed": 6, "wrong_class": 1], ["allowed": 5, "other": 1], ["allowed": 4]],
          "their counts")
        try require(counts.otherPaths, is: ["allowed": 6], "the others")
        let all = try await store.usage(query(mostPaths: 9))
        try require(
          all.paths.map { $0.path.map { Array($0.utf8) } },
          is: paths.reversed().map { $0.map { Array($0.utf8) } }, "all paths, byte for byte")
        try require(all.otherPaths, is: [:], "the others, where there are none")
        try require(
          try await store.usage(query(mostPaths: 0)).otherPaths,
          is: ["allowed": 21, "wrong_class": 1, "other": 1], "the others, where no path is wanted")
      },
      usage("knows no path any more of a key that was purged, and nothing that was pruned") {
        store in
        let key = Samples.key(7)
        try await store.insert(key)
        _ = try await store.append(batch("a", after: 0, [use(at: 0), use(at: 1), use(at: day)]))
        _ = try await store.pruneAccess(node: "a", through: 1, limit: 9)
        var purge = replacing(key.purged, signal: "key_purged")
        purge.erasesLogOf = key.id
        _ = try await store.commit(purge)
        _ = try await store.append(batch("a", after: 3, [use(at: day)]))
        let counts = try await store.usage(query(mostPaths: 9))
        try require(counts.days.map(\.verdicts), is: [["allowed": 1], ["allowed": 2]], "by day")
        try require(counts.paths.map(\.path), is: [nil], "the paths")
        try require(counts.paths.map(\.verdicts), is: [["allowed": 3]], "their counts")
      },
    ]
  }

  private var day: Int64 { 86_400_000 }

  private func query(mostPaths: Int) -> UsageQuery {
    UsageQuery(
      keyID: Samples.id(7), since: Timestamp(milliseconds: 0),
      until: Timestamp(milliseconds: 3 * day), mostPaths: mostPaths)
  }

  private func use(
    at milliseconds: Int64, _ reason: Denial.Reason? = nil, key: UUID? = Samples.id(7),
    path: String? = "/orders", action: String? = nil
  ) -> AccessDraft {
    var draft = AccessDraft(
      AccessEvent(
        at: Timestamp(milliseconds: milliseconds), reason: reason, keyID: key, prefix: "tok_kit7",
        owner: nil, request: RequestFacts(method: "GET", path: path ?? "", requestID: "r")))
    if let action { draft.action = action }
    return draft
  }

  /// A promise of a ``UsageCountingStore``.
  private func usage(
    _ name: String, _ body: @escaping @Sendable (any UsageCountingStore) async throws -> Void
  ) -> Promise {
    promise(name) { store in
      try await body(
        try require(store as? any UsageCountingStore, "the store is no UsageCountingStore"))
    }
  }
}
