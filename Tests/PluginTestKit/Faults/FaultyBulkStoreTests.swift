import CardeaLifecycle
import CardeaMemoryStore
import CardeaPluginTestKit
import Testing

@Suite struct FaultyBulkStoreTests {
  @Test(arguments: FaultyBulkStore.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyBulkStore.Fault) async {
    #expect(await broken(.bulk) { FaultyBulkStore(fault: fault) } == fault.breaks)
  }

  @Test func aStoreWithoutBulkIsFound() async {
    #expect(await brokenWithout(.bulk) == 5)
  }
}

/// The memory store, with one thing wrong about batches.
struct FaultyBulkStore: BulkKeyStore, MemoryBacked {
  enum Fault: PlantedFault {
    case stopsAtARefusal, turnsAnswersAround, leavesOwnerOfRefusedKey, losesTheRest
    case keepsRehearsals, ignoresRevisions

    var breaks: Set<String> {
      let answers = "answers each change of a batch as it would alone, in order"
      let wholly = "does each change of a batch wholly or not at all, whatever becomes of others"
      let thousands = "takes thousands of changes in one batch, and none"
      let rehearsed = "takes a rehearsed change of a batch back, and no other"
      let winner = "lets exactly one of several batches on one revision win"
      return switch self {
      case .stopsAtARefusal: [answers, wholly, thousands, winner]
      case .turnsAnswersAround: [answers, wholly, thousands, rehearsed]
      case .leavesOwnerOfRefusedKey: [wholly]
      case .losesTheRest: [thousands]
      case .keepsRehearsals: [rehearsed]
      case .ignoresRevisions: [answers, thousands, winner]
      }
    }
  }

  let fault: Fault
  let base = MemoryStore()

  func commit(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>] {
    var answers: [Result<Int64, StoreError>] = []
    var hasRefused = false
    for (index, change) in changes.enumerated() {
      var change = change
      switch fault {
      case .stopsAtARefusal where hasRefused:
        answers.append(.failure(.unavailable("one before was refused")))
        continue
      case .losesTheRest where index >= 1_000:
        answers.append(.success(base.logHead().position))
        continue
      case .leavesOwnerOfRefusedKey:
        if case .insert(let owner) = change.owner {
          var first = StoreChange(drafts: [], primitives: SamplePrimitives())
          first.owner = .insert(owner)
          _ = try? base.commit(first)
          change.owner = nil
        }
      case .keepsRehearsals: change.isRehearsal = false
      case .ignoresRevisions:
        if case .replace(let record, _) = change.key, let now = base.find(id: record.id) {
          change.key = .replace(record, expected: now.key.revision)
        }
      default: break
      }
      let answer = Result { () throws(StoreError) in try base.commit(change) }
      if case .failure = answer { hasRefused = true }
      answers.append(answer)
    }
    return fault == .turnsAnswersAround ? answers.reversed() : answers
  }
}
