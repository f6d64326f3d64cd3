import CardeaLifecycle
import CardeaMemoryStore
import CardeaPluginTestKit
import Foundation
import Testing

@Suite struct FaultyStoreTests {
  private func promises(_ fault: FaultyStore.Fault?) -> [Promise] {
    StorePromises(powers: [.shared]) {
      let memory = MemoryStore()
      return StoreUnderTest(
        FaultyStore(fault: fault, memory), again: { FaultyStore(fault: fault, memory) })
    }.all
  }

  @Test func aSoundOneKeepsEveryPromise() async {
    #expect(await broken(promises(nil)) == [])
  }

  @Test(arguments: FaultyStore.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyStore.Fault) async {
    let found = await broken(promises(fault))
    #expect(found == fault.breaks)
  }

  @Test func aStoreThatForgetsIsFound() async {
    let promises = StorePromises(powers: [.persists, .survivesKill]) {
      StoreUnderTest(MemoryStore(), again: { MemoryStore() })
    }.all
    #expect(
      await broken(promises) == [
        "keeps everything when it is closed and opened again",
        "keeps everything acknowledged though it was never closed",
      ])
  }
}

/// The memory store, with one thing wrong.
struct FaultyStore: SharedKeyStore {
  enum Fault: PlantedFault {
    case ignoresRevisions, leavesOwnerOfRefusedKey, forgetsOwner, foldsCase, losesUsage
    case keepsPayloads, rehashesAnyway, ignoresIdempotency, bootstrapsAlways, ignoresLimits
    case ignoresLogLimit, listsOldestFirst, wrongPosition, limitsNobody, pollsFromPageTwo
    case ignoresPollLimit, keepsRehearsals, forgetsAddresses, forgetsSchemes, ignoresOrder

    var breaks: Set<String> {
      switch self {
      case .ignoresRevisions:
        [
          "refuses a change based on an earlier revision, whole",
          "lets exactly one of several writers on one revision win",
          "lets exactly one of several instances on one revision win",
          "numbers its entries from 1 without gaps, in one verifiable chain",
          "refuses a rehearsed change as it would refuse the change",
        ]
      case .leavesOwnerOfRefusedKey:
        ["refuses a second key of one prefix or id, whole", "takes a rehearsed change back, whole"]
      case .forgetsOwner:
        [
          "gives a key with its owner as the owner is now", "replaces every field that may change",
          "changes one record and no other",
          "refuses a change based on an earlier revision, whole",
        ]
      case .pollsFromPageTwo:
        [
          "polls the entries of others in order, each once",
          "polls no more entries than it is asked for, and the rest next",
          "shows positions in order while several instances write",
        ]
      case .ignoresPollLimit: ["polls no more entries than it is asked for, and the rest next"]
      case .foldsCase: ["finds nothing under any other prefix or id"]
      case .losesUsage:
        [
          "records the last use of a key and of its secret",
          "lets no change take back the re-hash and usage that its record lacks",
          "gathers the addresses of a secret's use, each once, up to the bound",
        ]
      case .keepsPayloads:
        [
          "erases the log of a purged key, and keeps the chain verifiable",
          "forgets the idempotency keys of a key that is purged",
        ]
      case .rehashesAnyway:
        [
          "replaces a hash only if it is still the expected one",
          "never revives a key by a re-hash",
        ]
      case .ignoresIdempotency:
        [
          "takes an idempotency key once per actor within 24 hours",
          "takes an idempotency key once when many try at once",
          "forgets the idempotency keys of a key that is purged",
        ]
      case .bootstrapsAlways:
        [
          "bootstraps only while no key was ever made", "bootstraps once when many try at once",
          "refuses a rehearsed change as it would refuse the change",
        ]
      case .keepsRehearsals: ["takes a rehearsed change back, whole"]
      case .forgetsAddresses:
        ["gathers the addresses of a secret's use, each once, up to the bound"]
      case .forgetsSchemes: ["tells which schemes living keys need besides the known ones"]
      case .ignoresLimits:
        [
          "lists keys newest first, page by page, each once", "pages through a filtered listing",
          "lists keys in every order, page by page, each once",
          "goes on where a page ended though its last key is another one now",
          "lists owners by name within kind, page by page, each once",
        ]
      case .ignoresLogLimit: ["gives its log page by page"]
      case .listsOldestFirst:
        [
          "lists keys newest first, page by page, each once", "pages through a filtered listing",
          "lists keys in every order, page by page, each once",
          "goes on where a page ended though its last key is another one now",
          "lists the keys that every filter lets through",
        ]
      case .ignoresOrder:
        [
          "lists keys in every order, page by page, each once",
          "goes on where a page ended though its last key is another one now",
        ]
      case .wrongPosition:
        [
          "logs a change together with it, every field",
          "gives the head's position for a change that logs nothing",
          "takes a rehearsed change back, whole",
        ]
      case .limitsNobody:
        [
          "holds an owner to its limit, counting keys that are not final",
          "holds an owner to a limit that was changed",
          "holds an owner to its limit when many keys are made at once",
          "holds an owner to its limit across instances",
          "refuses a rehearsed change as it would refuse the change",
          "takes a rehearsed change back, whole",
        ]
      }
    }
  }

  let id = "store.faulty"
  private let fault: Fault?
  private let memory: MemoryStore
  private let base: any KeyStore

  init(fault: Fault?, _ memory: MemoryStore) {
    self.fault = fault
    self.memory = memory
    base = memory
  }

  func open() async throws(StoreError) { try await base.open() }
  func close() async { await base.close() }

  func find(prefix: String) async throws(StoreError) -> StoredKey? {
    let found = try await base.find(prefix: prefix)
    if found == nil, fault == .foldsCase { return try await base.find(prefix: prefix.lowercased()) }
    return fault == .forgetsOwner ? found.map { StoredKey(key: $0.key) } : found
  }

  func find(id: UUID) async throws(StoreError) -> StoredKey? { try await base.find(id: id) }

  func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    var query = query
    if fault == .ignoresLimits { query.limit = 1000 }
    if fault == .ignoresOrder { query.sort = .newest }
    var page = try await base.keys(query)
    if fault == .listsOldestFirst {
      query.limit = 1000
      query.after = nil
      page = try await base.keys(query)
      page.items.reverse()
    }
    return page
  }

  func owner(id: UUID) async throws(StoreError) -> OwnerRecord? { try await base.owner(id: id) }

  func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    try await base.owner(kind: kind, name: name)
  }

  func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    var query = query
    if fault == .ignoresLimits { query.limit = 1000 }
    return try await base.owners(query)
  }

  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    var change = change
    switch fault {
    case .ignoresRevisions:
      if case .replace(let record, _) = change.key, let now = try await base.find(id: record.id) {
        change.key = .replace(record, expected: now.key.revision)
      }
    case .leavesOwnerOfRefusedKey:
      if case .insert(let owner) = change.owner, change.key != nil {
        var first = StoreChange(drafts: [], primitives: SamplePrimitives())
        first.owner = .insert(owner)
        _ = try await base.commit(first)
        change.owner = nil
      }
    case .keepsRehearsals: change.isRehearsal = false
    case .keepsPayloads: change.erasesLogOf = nil
    case .ignoresIdempotency: change.idempotency = nil
    case .bootstrapsAlways: change.onlyIfEmpty = false
    case .rehashesAnyway where change.rehash != nil:
      do { return try await base.commit(change) } catch { return try await base.logHead().position }
    case .limitsNobody:
      if case .insert(let key) = change.key, let id = key.ownerID, change.owner == nil {
        // The limit is lifted for a moment: what a store does that checks it before its
        // transaction.
        if var owner = try await base.owner(id: id) {
          owner.maxKeys = -1
          var lift = StoreChange(drafts: [], primitives: SamplePrimitives())
          lift.owner = .replace(owner, expected: owner.revision)
          _ = try await base.commit(lift)
        }
      }
    default: break
    }
    let position = try await base.commit(change)
    return fault == .wrongPosition ? position + 1 : position
  }

  func record(_ usage: [KeyUsage]) async throws(StoreError) {
    if fault == .losesUsage { return }
    guard fault == .forgetsAddresses else { return try await base.record(usage) }
    try await base.record(
      usage.map {
        KeyUsage(
          prefix: $0.prefix, secretID: $0.secretID, count: $0.count, lastUsedAt: $0.lastUsedAt)
      })
  }

  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord? {
    try await base.idempotency(actor: actor, key: key)
  }

  func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse] {
    fault == .forgetsSchemes ? [] : try await base.hashUses(besides: known)
  }

  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await base.log(after: position, limit: fault == .ignoresLogLimit ? 10_000 : limit)
  }

  func logHead() async throws(StoreError) -> LogHead { try await base.logHead() }

  func poll(after position: Int64, limit: Int) -> [LogMark] {
    let start = fault == .pollsFromPageTwo ? position + 1 : position
    return memory.log(after: start, limit: fault == .ignoresPollLimit ? 1000 : limit).map {
      LogMark(position: $0.position, signal: $0.signal, prefix: $0.prefix, ownerID: $0.ownerID)
    }
  }
}
