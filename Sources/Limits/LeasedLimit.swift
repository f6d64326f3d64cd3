#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The leases that a node has of one limit's buckets, in bounded memory.
///
/// What is called a subject here is a bucket of one: ``QuotaTerms/bucket(of:)``.
///
/// Where there is no room for another, a quarter of those that owe nothing is forgotten, first those of which least was
/// used: a subject that comes back is a new one then. Where all owe something, a new one has to wait.
///
/// Threading: any thread; a call holds one of 64 locks for some nanoseconds.
package final class LeasedLimit: Sendable {
  /// What buckets are called, before their subjects: `policy.rate_limit/minute`.
  let name: String
  private let leases: QuotaLeases
  private let shards: [Locked<[BudgetTable.Subject: Entry]>]
  private let most: Int

  private static let shardCount = 64

  private struct Entry {
    var lease: QuotaLease
    var size: LeaseSize
  }

  /// A bucket in which a draw is to be made.
  struct Bucket: Sendable {
    let limit: LeasedLimit
    let subject: BudgetTable.Subject
  }

  init(_ name: String, entries: Int, of leases: QuotaLeases) {
    self.name = name
    self.leases = leases
    most = max(8, (entries + LeasedLimit.shardCount - 1) / LeasedLimit.shardCount)
    shards = (0..<LeasedLimit.shardCount).map { _ in Locked([:]) }
  }

  /// Leases that are held at most.
  package var capacity: Int { most * LeasedLimit.shardCount }

  /// Leases that there are.
  package var count: Int { shards.reduce(0) { $0 + $1.withLock { $0.count } } }

  private func shard(_ subject: BudgetTable.Subject) -> Locked<[BudgetTable.Subject: Entry]> {
    let bits = UInt(bitPattern: subject.hashValue)
    return shards[Int(bits % UInt(LeasedLimit.shardCount))]
  }

  /// The store's time as far as it is known.
  var time: Timestamp { leases.time }

  // MARK: Requests

  /// Takes units of a subject's bucket, if it has them.
  /// - Parameter isRehearsal: nothing is taken; what is answered is what would be.
  /// - Throws: ``QuotaLeases/Silence`` if only the store could tell, and it does not answer.
  package func take(
    _ cost: Int64, of subject: BudgetTable.Subject, _ terms: QuotaTerms, _ size: LeaseSize,
    isRehearsal: Bool
  ) throws(QuotaLeases.Silence) -> (isTaken: Bool, wait: Int64, used: Int64) {
    let now = leases.clock.monotonic()
    let answer = shard(subject).withLock { entries -> QuotaLease.Answer in
      if isRehearsal {
        let lease = entries[subject]?.lease ?? QuotaLease(terms, at: now)
        return lease.look(cost, terms, size, at: now)
      }
      if entries[subject] == nil, !makeRoom(in: &entries, at: now) {
        return QuotaLease.Answer(isTaken: false, used: 0, isUnsure: true)
      }
      var entry = entries[subject] ?? Entry(lease: QuotaLease(terms, at: now), size: size)
      entry.size = size
      var answer = entry.lease.take(cost, terms, size, at: now)
      if entry.lease.isQueued || entry.lease.isDrawing {
        // It is under way; only what can't wait is told again.
        if answer.need == .soon { answer.need = .none }
      }
      if answer.need != .none, !entry.lease.isDrawing, !entry.lease.isQueued {
        entry.lease.isQueued = true
        leases.queue(Bucket(limit: self, subject: subject))
      }
      entries[subject] = entry
      return answer
    }
    if !isRehearsal, answer.need != .none { leases.wake(answer.need) }
    if answer.isTaken { return (true, 0, answer.used) }
    guard answer.isUnsure else {
      let wait = terms.wait(for: cost, answer.used, at: leases.time)
      return (false, max(1, wait), answer.used)
    }
    if leases.isSilent(at: now) { throw QuotaLeases.Silence() }
    return (false, QuotaLeases.pace, answer.used)
  }

  /// Takes back what was taken, since another limit denied the request.
  package func giveBack(_ cost: Int64, to subject: BudgetTable.Subject) {
    shard(subject).withLock { $0[subject]?.lease.giveBack(cost) }
  }

  private func makeRoom(
    in entries: inout [BudgetTable.Subject: Entry], at now: UInt64
  ) -> Bool {
    if entries.count < most { return true }
    let settled = entries.filter { $0.value.lease.isSettled }
    let weights = settled.map { ($0.key, $0.value.lease.weight(at: now)) }
    for (subject, _) in weights.sorted(by: { $0.1 < $1.1 }).prefix((weights.count + 3) / 4) {
      entries[subject] = nil
    }
    return entries.count < most
  }

  // MARK: Draws

  /// Begins a draw, unless nothing is to be drawn any more.
  func begin(_ subject: BudgetTable.Subject, at now: UInt64, isLast: Bool) -> QuotaDraw? {
    shard(subject).withLock { entries in
      guard var entry = entries[subject] else { return nil }
      let draw = entry.lease.begin(name(of: subject), entry.size, at: now, isLast: isLast)
      entries[subject] = entry
      return draw
    }
  }

  /// A draw ended; what is owed by then is told by the next.
  /// - Parameter grant: `nil` if it failed.
  func end(_ subject: BudgetTable.Subject, _ grant: QuotaGrant?, at now: UInt64) {
    shard(subject).withLock { entries in
      guard var entry = entries[subject] else { return }
      if let grant { entry.lease.end(grant, at: now) } else { entry.lease.fail() }
      if entry.lease.owed > 0, !entry.lease.isQueued {
        entry.lease.isQueued = true
        leases.queue(Bucket(limit: self, subject: subject))
      }
      entries[subject] = entry
    }
  }

  /// Forgets what is over, and has given back what nobody asks for, or everything.
  /// - Returns: whether there is anything to draw.
  func sweep(at now: UInt64, _ time: Timestamp, isLast: Bool) -> Bool {
    var draws = false
    for shard in shards {
      shard.withLock { entries in
        for (subject, entry) in entries {
          switch entry.lease.isOver(at: now, time, isLast: isLast) {
          case true?: entries[subject] = nil
          case false?:
            entries[subject]?.lease.isQueued = true
            leases.queue(Bucket(limit: self, subject: subject))
            draws = true
          case nil: break
          }
        }
      }
    }
    return draws
  }

  /// What a subject's bucket is called: the limit's name, and the subject in hexadecimal.
  func name(of subject: BudgetTable.Subject) -> String {
    var (low, high) = (subject.low, subject.high)
    var bytes: [UInt8] = []
    withUnsafeBytes(of: &low) { bytes += $0 }
    withUnsafeBytes(of: &high) { bytes += $0 }
    return "\(name)/\(Hex.text(bytes))"
  }
}
