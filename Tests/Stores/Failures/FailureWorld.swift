import CardeaLifecycle
import CardeaMemoryStore
import CardeaSQLite
import CardeaTestSupport
import Foundation
import Testing

/// A kernel over a store that fails as planned: three keys of one owner, the first of them warm, and five
/// authentications in a spool.
struct FailureWorld: Sendable {
  let failure = PlannedFailure()
  let base: any WholeStore
  let kernel: AuthKernel
  let clock: StandingClock
  let spool: GivenSpool
  let key: IssuedKey
  let owner: OwnerRecord
  let foreign: ForeignRecords
  /// What the last bulk operation reported.
  let report = Locked<BulkReport?>(nil)
  private let folder: Folder
  private let database = LazyDatabase()

  init(_ kind: StoreKind) async throws {
    folder = try Folder()
    clock = StandingClock()
    spool = GivenSpool()
    base =
      switch kind {
      case .memory: MemoryStore()
      case .sqlite: SQLiteStore(path: folder.path("keys.sqlite3"))
      case .postgresql: try database.make()
      }
    try await base.open()
    foreign = try ForeignRecords()
    kernel = try await FailureWorld.kernel(over: base, failure, clock, spool)
    var new = NewKey(name: "test")
    new.owner = OwnerReference(name: "alice")
    new.expiry = .after(.seconds(86_400 * 40))
    key = try await kernel.createKey(new, by: .host)
    for name in ["second", "third"] {
      new.name = name
      _ = try await kernel.createKey(new, by: .host)
    }
    owner = try #require(key.stored.owner)
    spool.fill(5, of: key.stored.key, at: clock.now())
    #expect(await reason(of: key.token, kernel) == nil)
  }

  func close() async {
    failure.stop()
    await kernel.shutdown()
    await base.close()
  }

  private static func kernel(
    over base: some WholeStore, _ failure: PlannedFailure, _ clock: StandingClock,
    _ spool: GivenSpool, recording: Bool = true
  ) async throws -> AuthKernel {
    try await StandingKernel.start(clock, recording: recording) {
      $0.use(FailingStore(base, failure))
      $0.use(spool)
    }
  }

  /// Another kernel on the same store, which has read nothing yet and leaves no checkpoint behind.
  func fresh() async throws -> AuthKernel {
    try await FailureWorld.kernel(
      over: base, PlannedFailure(), clock, GivenSpool(), recording: false)
  }

  /// Why a token is refused; `nil` if it is not.
  func reason(of token: Secret, _ kernel: AuthKernel) async -> Denial.Reason? {
    let verdict = await kernel.verify(token: token, facts: RequestFacts(method: "GET", path: "/"))
    return verdict.denial?.reason
  }

  /// All that is stored but what chance makes: ids, prefixes and hashes of what is new.
  func state() async throws -> FailureState {
    var state = FailureState()
    for stored in try await base.keys(KeyQuery(now: .earliest, limit: 1_000)).items {
      let key = stored.key
      state.keys.append(
        "\(key.name) \(key.status) \(key.revision) \(stored.owner?.name ?? "-") "
          + "\(key.secrets.map { $0.endsAt == nil ? "live" : "old" }) "
          + "\(key.expiryNoticeDays ?? -1)")
    }
    state.keys.sort()
    for owner in try await base.owners(OwnerQuery(limit: 1_000)).items {
      state.owners.append("\(owner.name) \(owner.disabled) \(owner.maxKeys) \(owner.revision)")
    }
    state.owners.sort()
    state.signals = try await base.log(after: 0, limit: 1_000).map {
      "\($0.signal) \($0.payload == nil ? "erased" : "whole")"
    }
    for head in try await base.accessHeads() {
      state.accesses += try await base.accessLog(node: head.node, after: 0, limit: 1_000).map {
        "\(head.node) \($0.position) \($0.action) \($0.count) "
          + ($0.payload == nil ? "erased" : "whole")
      }
    }
    state.isCheckpointed = try await !base.checkpoints(after: 0, limit: 1).isEmpty
    state.letters = try await base.deadLetters(DeadLetterQuery()).map {
      "\($0.signal) \($0.isReplayed)"
    }
    return state
  }
}

/// What a ``FailureWorld`` has in store.
struct FailureState: Equatable {
  var keys: [String] = []
  var owners: [String] = []
  var signals: [String] = []
  var accesses: [String] = []
  var isCheckpointed = false
  var letters: [String] = []

  /// Whether every record is the old one or the new one.
  func lies(between old: FailureState, and new: FailureState) -> Bool {
    func lie(_ path: KeyPath<FailureState, [String]>) -> Bool {
      Set(self[keyPath: path]).isSubset(of: Set(old[keyPath: path] + new[keyPath: path]))
    }
    return lie(\.keys) && lie(\.owners) && lie(\.signals) && lie(\.accesses) && lie(\.letters)
  }

  /// How many keys are not as they were.
  func keysChanged(since old: FailureState) -> Int {
    var left = old.keys
    return keys.count { key in
      guard let index = left.firstIndex(of: key) else { return true }
      left.remove(at: index)
      return false
    }
  }
}
