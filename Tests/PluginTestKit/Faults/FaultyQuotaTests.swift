import CardeaContracts
import CardeaMemoryStore
import CardeaPluginTestKit
import Testing

@Suite struct FaultyQuotaTests {
  @Test(arguments: FaultyQuota.Fault.allCases)
  func aFaultyOneBreaksItsPromise(_ fault: FaultyQuota.Fault) async {
    let broken = await broken(.quota) { FaultyQuota(fault: fault) }
    #expect(broken.isSuperset(of: fault.breaks), "\(broken)")
  }

  @Test func aStoreThatDoesNotCountIsFound() async {
    #expect(await brokenWithout(.quota) == 9)
  }
}

/// The memory store, with one thing wrong about how it counts limits.
struct FaultyQuota: QuotaStore, MemoryBacked {
  enum Fault: PlantedFault {
    case forgives, refusesDebt, overfills, mixesCase, answersInItsOrder, neverFills, ignoresPeriods
    case countsForOtherPeriods, keepsTheFirstTerms, readsThenWrites

    var breaks: Set<String> {
      let charges = "charges what was spent, also what a bucket does not have"
      let apart = "keeps buckets apart, and answers in the order of the draws"
      return switch self {
      case .forgives, .refusesDebt: [charges]
      case .overfills: ["never holds more than a full bucket, whatever comes back"]
      case .mixesCase, .answersInItsOrder: [apart]
      case .neverFills, .ignoresPeriods:
        ["fills a bucket with the next period, and not within one"]
      case .countsForOtherPeriods: ["counts nothing for a period that does not hold its time"]
      case .keepsTheFirstTerms: ["counts a bucket by the terms of each draw"]
      case .readsThenWrites:
        ["gives as many units to many at once as to one after the other"]
      }
    }
  }

  let fault: Fault
  let base = MemoryStore()
  private let known = Box<[String: QuotaTerms]>([:])
  private let used = Box<[String: Int64]>([:])
  private let readers = Box(0)

  init(fault: Fault) { self.fault = fault }

  func draw(_ draws: [QuotaDraw]) async throws(StoreError) -> QuotaAnswer {
    switch fault {
    case .overfills: return overfilled(draws)
    case .readsThenWrites: return await unlocked(draws)
    case .answersInItsOrder:
      return base.draw(draws.sorted { $0.bucket < $1.bucket })
    default: return base.draw(draws.map(altered))
    }
  }

  private func altered(_ draw: QuotaDraw) -> QuotaDraw {
    var (bucket, terms, spent) = (draw.bucket, draw.terms, draw.spent)
    switch fault {
    case .forgives: spent = 0
    case .refusesDebt: spent = min(spent, 3)
    case .mixesCase: bucket = bucket.lowercased()
    case .neverFills where terms.period != nil: terms = hourly(terms)
    case .ignoresPeriods:
      terms = QuotaTerms(interval: terms.interval, capacity: terms.capacity)
    case .countsForOtherPeriods where terms.period != nil:
      terms = QuotaTerms(
        interval: terms.interval, capacity: terms.capacity,
        period: Timestamp.earliest..<Timestamp(milliseconds: 8_000_000_000_000))
    case .keepsTheFirstTerms:
      terms = known.value[bucket] ?? terms
      known.value[bucket] = terms
    default: break
    }
    return QuotaDraw(
      bucket: bucket, terms: terms, spent: spent, returned: draw.returned, wanted: draw.wanted)
  }

  /// As many units, each of which comes back in an hour.
  private func hourly(_ terms: QuotaTerms) -> QuotaTerms {
    let hour: Int64 = 3_600_000_000_000
    return QuotaTerms(interval: hour, capacity: hour * terms.units)
  }

  /// What comes back is paid out as well.
  private func overfilled(_ draws: [QuotaDraw]) -> QuotaAnswer {
    let answer = base.draw(draws)
    return QuotaAnswer(
      now: answer.now,
      grants: zip(draws, answer.grants).map { draw, grant in
        QuotaGrant(
          units: grant.units, used: max(0, grant.used - draw.returned * draw.terms.interval))
      })
  }

  /// Units alone, which others may have drawn between reading and writing.
  private func unlocked(_ draws: [QuotaDraw]) async -> QuotaAnswer {
    let before = used.value
    readers.update { $0 += 1 }
    let count = readers.value
    // Until another has read too, if one comes.
    for _ in 0..<10_000 where readers.value == count { await Task.yield() }
    var grants: [QuotaGrant] = []
    for draw in draws {
      let now = before[draw.bucket] ?? 0
      let units = min(draw.wanted, max(0, draw.terms.units - now))
      used.value[draw.bucket] = now + units
      grants.append(QuotaGrant(units: units, used: (now + units) * draw.terms.interval))
    }
    return QuotaAnswer(now: SystemClock().now(), grants: grants)
  }
}
