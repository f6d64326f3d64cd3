import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StorePromises {
  /// Records of plugins' own.
  var pluginRecords: [Promise] {
    guard powers.contains(.records) else { return [] }
    return [
      records("keeps plugins' records by collection, and lists them by id") { store in
        try await store.put(record(2, 1), in: "kit")
        try await store.put(record(1, 1), in: "kit")
        try await store.put(record(1, 1, [0, 0xFF]), in: "other")
        try await store.put(record(2, 2, [9]), in: "kit")
        try require(
          try await store.pluginRecords("kit"), is: [record(1, 1), record(2, 2, [9])], "the records"
        )
        try require(
          try await store.pluginRecords("other"), is: [record(1, 1, [0, 0xFF])], "another's")
        try require(try await store.pluginRecords("none"), is: [], "nobody's")
        for (number, collection, expected) in [
          (2, "kit", record(2, 2, [9])), (1, "other", record(1, 1, [0, 0xFF])), (2, "other", nil),
          (1, "none", nil),
        ] as [(Int, String, PluginRecord?)] {
          try require(
            try await store.pluginRecord(Samples.id(number), in: collection), is: expected,
            "the record \(number) of \(collection)")
        }
      },
      records("writes a plugin's record over the revision that was seen, else not at all") {
        store in
        try await store.requireConflict(record(1, 2), "a change of a record that is not there")
        try await store.put(record(1, 1), in: "kit")
        try await store.requireConflict(record(1, 1, [2]), "a new record that is there")
        try await store.put(record(1, 2, [2]), in: "kit")
        try await store.requireConflict(record(1, 2, [3]), "a change of an old revision")
        try await store.requireConflict(record(1, 4, [3]), "a change of a revision to come")
        try require(try await store.pluginRecords("kit"), is: [record(1, 2, [2])], "the record")
      },
      records("removes a plugin's records with their subscription, and no others") { store in
        for name in ["kit", "state"] {
          try await store.put(record(1, 1), in: name)
          try await store.put(record(2, 1), in: name)
        }
        for name in ["mail", "post"] {
          _ = try await store.claim(claim(name))
          try await store.advance(step(name, from: 0, to: 1, buried: letter(1, of: name)))
        }
        let collections = ["kit", "state"]
        try require(
          try await store.removeRecords(
            Samples.id(1), from: collections, subscription: "mail"), is: true, "the removal")
        try require(
          try await store.removeRecords(
            Samples.id(1), from: collections, subscription: "mail"), is: false, "another")
        for name in collections {
          try require(try await store.pluginRecords(name), is: [record(2, 1)], "what is left")
        }
        try require(
          try await store.subscriptions(),
          is: [SubscriptionRecord(name: "post", position: 1, deadLetters: 1)], "the subscriptions")
        try require(
          try await store.deadLetters(DeadLetterQuery()), is: [letter(1, of: "post")],
          "the dead letters")
        try require(
          try await store.claim(claim("mail", start: 5)), is: 5, "where a new one begins")
      },
      records("writes a plugin's record with the signals that tell of it, or neither") { store in
        _ = try await store.claim(claim("mail"))
        try require(
          try await store.commit(change(.put(record(1, 1), in: "kit"))), is: 1, "the position")
        for refused: StoreChange.RecordWrite in [
          .put(record(1, 1, [2]), in: "kit"), .put(record(1, 3, [2]), in: "kit"),
          .remove(Samples.id(2), from: ["kit"], subscription: "mail"),
          .remove(Samples.id(1), from: ["other"], subscription: "mail"),
        ] {
          try await store.requireConflict(refused)
          try require(try await store.pluginRecords("kit"), is: [record(1, 1)], "the record")
          try require(try await store.logHead().position, is: 1, "the log's end")
          try require(
            try await store.subscriptions().map(\.name), is: ["mail"], "the subscriptions")
        }
        var rehearsal = change(.put(record(1, 2, [2]), in: "kit"))
        rehearsal.isRehearsal = true
        _ = try await store.commit(rehearsal)
        try require(
          try await store.pluginRecords("kit"), is: [record(1, 1)], "what a rehearsal leaves")
        try require(
          try await store.commit(change(.put(record(1, 2, [2]), in: "kit"))), is: 2, "the position")
        try require(
          try await store.pluginRecords("kit"), is: [record(1, 2, [2])], "the changed record")
        try require(
          try await store.commit(
            change(.remove(Samples.id(1), from: ["kit"], subscription: "mail"))), is: 3,
          "the position")
        try require(try await store.pluginRecords("kit"), is: [], "what a removal leaves")
        try require(try await store.subscriptions(), is: [], "the subscriptions")
      },
    ]
  }

  /// A promise of a ``PluginRecordStore``.
  private func records(
    _ name: String, _ body: @escaping @Sendable (any PluginRecordStore) async throws -> Void
  ) -> Promise {
    promise(name) { store in
      try await body(
        try require(store as? any PluginRecordStore, "the store is no PluginRecordStore"))
    }
  }
}

func record(_ number: Int, _ revision: Int64, _ content: [UInt8] = [1]) -> PluginRecord {
  PluginRecord(id: Samples.id(number), revision: revision, content: content)
}

/// A change of a plugin's record, and the signal that tells of it.
private func change(_ write: StoreChange.RecordWrite) -> StoreChange {
  var change = StoreChange(drafts: [draft("webhook_updated")], primitives: logPrimitives)
  change.record = write
  return change
}

extension PluginRecordStore {
  fileprivate func requireConflict(_ write: StoreChange.RecordWrite) async throws {
    do throws(StoreError) { _ = try await commit(change(write)) } catch {
      return try require(error, is: .conflict, "the error for \(write)")
    }
    throw Broken("\(write) was taken")
  }

  fileprivate func requireConflict(_ record: PluginRecord, _ what: String) async throws {
    do throws(StoreError) { try await put(record, in: "kit") } catch {
      return try require(error, is: .conflict, "the error for \(what)")
    }
    throw Broken("\(what) was taken")
  }
}
