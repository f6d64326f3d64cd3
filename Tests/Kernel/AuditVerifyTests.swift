import CardeaLifecycle
import CardeaMemoryStore
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Verifying logs that change meanwhile, and what hashes alone do not tell.
@Suite struct AuditVerifyTests {
  // MARK: What goes on meanwhile

  /// Entries of a key and of nobody, in both logs.
  private func filled(
    _ store: FlakyLogStore, entries: Int = 10
  ) async throws -> (rig: Rig, key: StoredKey) {
    let rig = try await Rig(store: store)
    let key = try await rig.key().stored
    _ = try await rig.key("another")
    let drafts = (1...entries).map { number in
      AccessDraft(
        action: UserLoggedIn.name, at: rig.clock.now(), reason: nil, status: 200,
        keyID: number % 2 == 0 ? key.key.id : nil, prefix: key.key.prefix,
        payload: AccessPayload().json)
    }
    _ = try store.base.append(
      AccessBatch(
        node: "n", after: 0, through: Int64(entries), drafts: drafts,
        primitives: rig.kernel.primitives))
    return (rig, key)
  }

  @Test(arguments: FlakyLogStore.Reading.allCases)
  func aPurgeThatCommitsMeanwhileIsNoFault(_ reading: FlakyLogStore.Reading) async throws {
    let store = FlakyLogStore()
    let (rig, key) = try await filled(store)
    #expect(try await rig.kernel.verifyAudit().isIntact)
    store.meddle(at: reading) { _ = try? await rig.kernel.purgeKey(key.key.id, by: .host) }
    let report = try await rig.kernel.verifyAudit()
    #expect(report.isIntact, "\(report.faults)")
    #expect(store.base.logHead().position > 2, "it was purged")
    #expect(store.base.log(after: 0, limit: 1).first?.payload == nil)
    #expect(try await rig.kernel.verifyAudit().isIntact)
  }

  /// However far the run has come: the second page of the access log begins at 1,001.
  @Test(arguments: FlakyLogStore.Reading.allCases, [1, 2, 3])
  func aPruneThatGoesOnMeanwhileIsNoFault(
    _ reading: FlakyLogStore.Reading, _ call: Int
  ) async throws {
    let store = FlakyLogStore()
    let (rig, _) = try await filled(store, entries: 2_500)
    rig.clock.advance(.seconds(60))
    store.meddle(at: reading, call: call) {
      _ = try? await rig.kernel.pruneAudit(olderThan: .seconds(30))
    }
    let report = try await rig.kernel.verifyAudit()
    #expect(report.isIntact, "\(report.faults)")
    let after = try await rig.kernel.verifyAudit()
    #expect(after.isIntact, "\(after.faults)")
  }

  /// What arrives while a run looks for entries past the head has taken the head along.
  @Test(arguments: 1...4) func entriesThatArriveMeanwhileAreNoFault(_ call: Int) async throws {
    let store = FlakyLogStore()
    let (rig, _) = try await filled(store)
    let draft = AccessDraft(
      action: UserLoggedIn.name, at: rig.clock.now(), reason: nil, status: 200,
      payload: AccessPayload().json)
    store.meddle(at: .access, call: call) {
      _ = try? store.base.append(
        AccessBatch(
          node: "n", after: 10, through: 11, drafts: [draft], primitives: rig.kernel.primitives))
    }
    let report = try await rig.kernel.verifyAudit()
    #expect(report.isIntact, "\(report.faults)")
  }

  /// PostgreSQL's store erases ahead of the purge, which may then not be made.
  @Test func anErasureWithoutItsPurgeNamesTheKey() async throws {
    let store = FlakyLogStore()
    let (rig, key) = try await filled(store)
    store.hidePayloads(of: key.key.id)
    let report = try await rig.kernel.verifyAudit()
    #expect(report.faults.map(\.position) == [2])
    let problem = report.faults.first?.problem ?? ""
    #expect(problem.contains(key.key.prefix), "\(problem)")
    #expect(problem.contains("if a purge of it was cut off, repeat it"), "\(problem)")
    _ = try await rig.kernel.purgeKey(key.key.id, by: .host)
    #expect(try await rig.kernel.verifyAudit().isIntact)
  }

  // MARK: What hashes do not tell

  /// The digest does not say where the salt ends: its length does.
  @Test func bytesOfAPayloadThatWentIntoTheSaltShow() async throws {
    let store = FlakyLogStore()
    let (rig, _) = try await filled(store)
    let access = try #require(store.base.accessLog(node: "n", after: 0, limit: 1).first)
    let signal = try #require(store.base.log(after: 0, limit: 1).first)
    let (accessChain, signalChain) = (
      AccessChain(rig.kernel.primitives), LogChain(rig.kernel.primitives)
    )
    typealias Judge = (_ salt: [UInt8]?, _ payload: [UInt8]?) -> Bool
    let judges: [(bytes: [UInt8], follows: Judge)] = [
      (
        (access.salt ?? []) + (access.payload ?? []),
        { accessChain.follows(access.with($0, $1), position: 0, hash: .zero) }
      ),
      (
        (signal.salt ?? []) + (signal.payload ?? []),
        { signalChain.follows(signal.with($0, $1), .empty) }
      ),
    ]
    for (bytes, follows) in judges {
      #expect(follows(Array(bytes.prefix(16)), Array(bytes.dropFirst(16))))
      for length in [0, 15, 17, bytes.count] {
        #expect(
          !follows(Array(bytes.prefix(length)), Array(bytes.dropFirst(length))),
          "\(length) bytes of salt")
      }
      #expect(follows(nil, nil), "erased")
      #expect(!follows(nil, bytes))
      #expect(!follows(bytes, nil))
    }
  }

  /// The header spells a prefix that is not there as `-`.
  @Test func noSignalHasThePrefixOfNone() async throws {
    let rig = try await Rig()
    let draft = LogDraft(
      signal: "owner_created", at: rig.clock.now(), keyID: nil, prefix: nil, ownerID: nil,
      payload: Array("{}".utf8), salt: rig.kernel.primitives.randomBytes(16))
    let change = StoreChange(drafts: [draft], primitives: rig.kernel.primitives)
    let entry = try #require(change.entries(after: .empty).first)
    let chain = LogChain(rig.kernel.primitives)
    #expect(chain.follows(entry, .empty))
    let edited = LogEntry(
      position: 1, signal: entry.signal, at: entry.at, keyID: nil, prefix: "-", ownerID: nil,
      payload: entry.payload, salt: entry.salt, payloadDigest: entry.payloadDigest,
      hash: entry.hash)
    #expect(!chain.follows(edited, .empty))
  }
}

extension AccessEntry {
  fileprivate func with(_ salt: [UInt8]?, _ payload: [UInt8]?) -> AccessEntry {
    AccessEntry(
      node: node, position: position, action: action, at: at, reason: reason, status: status,
      count: count, keyID: keyID, prefix: prefix, payload: payload, salt: salt,
      payloadDigest: payloadDigest, hash: hash)
  }
}

extension LogEntry {
  fileprivate func with(_ salt: [UInt8]?, _ payload: [UInt8]?) -> LogEntry {
    LogEntry(
      position: position, signal: signal, at: at, keyID: keyID, prefix: prefix, ownerID: ownerID,
      payload: payload, salt: salt, payloadDigest: payloadDigest, hash: hash)
  }
}
