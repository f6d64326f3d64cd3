#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Limits failed attempts, per address and per pair of prefix and address, before anything slow is done for
/// them: never per prefix alone, so that knowing a prefix locks nobody out.
///
/// An attempt takes from both budgets before the store is asked and gets it back if its secret was right, so
/// that a thousand at once get no further than a thousand in turn. The same token several times at once takes
/// once. Whether it is over the limit depends on nothing but the address and the bytes that were sent: the
/// budgets know nothing of keys. A pair that succeeded in the last 24 hours has the pair's budget for
/// itself: what others at its address do does not matter to it.
///
/// An IPv6 client has a /64 to choose addresses from, so that is one address here. Threading: any thread.
package final class FailedAttempts: Sendable {
  private let perAddress: GCRA?
  private let perPair: GCRA?
  private let addresses: BudgetTable
  private let pairs: BudgetTable
  /// Until when a pair counts as one that succeeded.
  private let trusted: BudgetTable
  /// Tokens that are being looked at, by digest and address.
  private let running = Locked<[BudgetTable.Subject: Int]>([:])
  private let primitives: any Primitives
  private let clock: any KernelClock

  /// How long a pair that succeeded keeps a budget of its own: 24 hours.
  private static let trustedFor: Int64 = 86_400_000_000_000

  /// - Parameters:
  ///   - perAddress: `nil` is no limit.
  ///   - entries: addresses and pairs that are remembered, each.
  package init(
    perAddress: Rate?, perPair: Rate?, entries: Int, primitives: any Primitives,
    clock: any KernelClock
  ) {
    self.perAddress = perAddress.map { GCRA($0, burst: $0.count) }
    self.perPair = perPair.map { GCRA($0, burst: $0.count) }
    addresses = BudgetTable(capacity: entries)
    pairs = BudgetTable(capacity: entries)
    trusted = BudgetTable(capacity: entries)
    self.primitives = primitives
    self.clock = clock
  }

  /// An attempt under way.
  package struct Attempt: Sendable {
    fileprivate let source: Source
    fileprivate let token: BudgetTable.Subject
    /// `nil` if the same token was under way already, so that this one took nothing.
    fileprivate let taken: Taken?
  }

  /// Where an attempt comes from: the names of its two budgets.
  fileprivate struct Source: Sendable {
    let address: BudgetTable.Subject
    let pair: BudgetTable.Subject

    /// The same token from elsewhere is another attempt.
    func subject(of digest: Digest128) -> BudgetTable.Subject {
      BudgetTable.Subject(low: digest.low ^ address.low, high: digest.high ^ address.high)
    }
  }

  /// Which budgets one unit was taken from.
  fileprivate enum Taken { case both, pairOnly }

  package enum Start: Sendable {
    /// `nil`: without an address nothing is limited.
    case under(Attempt?)
    case over(Denial)
  }

  /// Begins an attempt; every one that is `under` is to be given to ``end(_:_:)``.
  package func begin(_ digest: Digest128, prefix: String, address: String?) -> Start {
    guard let source = source(prefix, address) else { return .under(nil) }
    let token = source.subject(of: digest)
    // One step: nobody joins an attempt that is about to be refused.
    return running.withLock { running in
      if let count = running[token] {
        running[token] = count + 1
        return .under(Attempt(source: source, token: token, taken: nil))
      }
      switch take(source) {
      case .success(let taken):
        running[token] = 1
        return .under(Attempt(source: source, token: token, taken: taken))
      case .failure(let denial): return .over(denial)
      }
    }
  }

  /// Settles an attempt by what came of it.
  package func end(_ attempt: Attempt?, _ verdict: Verdict) {
    guard let attempt else { return }
    leave(attempt.token)
    let isGuess = verdict.denial?.isGuess ?? false
    switch attempt.taken {
    case nil where isGuess: charge(attempt.source)
    case let taken? where !isGuess: giveBack(attempt.source, taken)
    default: break
    }
    if verdict.identity != nil { noteSuccess(attempt.source) }
  }

  /// The denial with which ``begin(_:prefix:address:)`` would answer; `nil` if it would not, and counts nothing.
  package func denialOfFlood(_ digest: Digest128, prefix: String, address: String?) -> Denial? {
    guard let source = source(prefix, address), let denial = forecast(source) else { return nil }
    return running.withLock { $0[source.subject(of: digest)] == nil } ? denial : nil
  }

  /// An attempt with a token that is remembered as wrong: `nil` if it is within the limits, and counted.
  package func denialOfKnownWrong(prefix: String, address: String?) -> Denial? {
    guard let source = source(prefix, address), case .failure(let denial) = take(source) else {
      return nil
    }
    return denial
  }

  /// An attempt with a session token that stands for no session: `nil` if it is within the limit, and counted.
  ///
  /// Asked about a token that was refused, so that it never holds up a session. The budget is as large as
  /// the address's but apart from it: a client that goes on with a session which ended with its node must not
  /// keep its own key out.
  package func denialOfSession(address: String?) -> Denial? {
    guard let perAddress, let subject = sessionSubject(address) else { return nil }
    let now = self.now
    return addresses.update(subject, floor: now) { perAddress.take(&$0, at: now) }
      .map(FailedAttempts.denial)
  }

  /// The denial that one would meet now; counts nothing.
  package func forecastOfSession(address: String?) -> Denial? {
    guard let perAddress, let subject = sessionSubject(address) else { return nil }
    let now = self.now
    var used = addresses.used(subject, floor: now)
    return perAddress.take(&used, at: now).map(FailedAttempts.denial)
  }

  private func sessionSubject(_ address: String?) -> BudgetTable.Subject? {
    source("session", address)?.pair
  }

  /// The denial that an attempt would meet now; counts nothing.
  package func forecast(prefix: String, address: String?) -> Denial? {
    source(prefix, address).flatMap(forecast)
  }

  private func forecast(_ source: Source) -> Denial? {
    let now = self.now
    var pair = pairs.used(source.pair, floor: now)
    var own = addresses.used(source.address, floor: now)
    let wait =
      perPair?.take(&pair, at: now)
      ?? (isTrusted(source, now) ? nil : perAddress?.take(&own, at: now))
    return wait.map(FailedAttempts.denial)
  }

  /// Attempts under way: for tests and figures.
  var underWay: Int { running.withLock { $0.count } }

  /// Places that memory was taken for in all tables: for tests and figures.
  var places: Int { addresses.allocated + pairs.allocated + trusted.allocated }

  /// The key was used from this address.
  package func noteSuccess(prefix: String, address: String?) {
    guard perPair != nil, let source = source(prefix, address) else { return }
    noteSuccess(source)
  }

  private func noteSuccess(_ source: Source) {
    let now = self.now
    trusted.update(source.pair, floor: now) { $0 = now + FailedAttempts.trustedFor }
  }

  /// Takes a unit from each budget that counts for it, or from none.
  private func take(_ source: Source) -> Result<Taken, Denial> {
    let now = self.now
    if let perPair,
      let wait = pairs.update(source.pair, floor: now, { perPair.take(&$0, at: now) })
    {
      return .failure(FailedAttempts.denial(wait))
    }
    guard let perAddress, !isTrusted(source, now) else { return .success(.pairOnly) }
    if let wait = addresses.update(source.address, floor: now, { perAddress.take(&$0, at: now) }) {
      if let perPair { pairs.update(source.pair, floor: now) { perPair.giveBack(&$0) } }
      return .failure(FailedAttempts.denial(wait))
    }
    return .success(.both)
  }

  private func giveBack(_ source: Source, _ taken: Taken) {
    let now = self.now
    if let perPair { pairs.update(source.pair, floor: now) { perPair.giveBack(&$0) } }
    if taken == .both, let perAddress {
      addresses.update(source.address, floor: now) { perAddress.giveBack(&$0) }
    }
  }

  private func charge(_ source: Source) {
    let now = self.now
    if let perPair { pairs.update(source.pair, floor: now) { perPair.charge(&$0, at: now) } }
    if let perAddress, !isTrusted(source, now) {
      addresses.update(source.address, floor: now) { perAddress.charge(&$0, at: now) }
    }
  }

  private func isTrusted(_ source: Source, _ now: Int64) -> Bool {
    perPair != nil && trusted.used(source.pair, floor: now) > now
  }

  private func leave(_ token: BudgetTable.Subject) {
    running.withLock { running in
      let count = running[token] ?? 1
      running[token] = count > 1 ? count - 1 : nil
    }
  }

  private var now: Int64 { Int64(clamping: clock.monotonic()) }

  /// The budgets that an attempt takes from, under digests that nobody outside can aim at.
  private func source(_ prefix: String, _ address: String?) -> Source? {
    guard let address, perAddress != nil || perPair != nil else { return nil }
    var bytes = IPAddress(address)?.clientBytes ?? Array(address.utf8)
    // So that no address and prefix read like others put together.
    bytes.insert(UInt8(truncatingIfNeeded: bytes.count), at: 0)
    let own = subject(bytes)
    bytes.append(contentsOf: prefix.utf8)
    return Source(address: own, pair: subject(bytes))
  }

  private func subject(_ bytes: [UInt8]) -> BudgetTable.Subject {
    let digest = bytes.withUnsafeBytes { primitives.keyedDigest($0) }
    return BudgetTable.Subject(low: digest.low, high: digest.high)
  }

  private static func denial(_ wait: Int64) -> Denial {
    Denial(
      .rateLimited,
      policy: PolicyDenial(
        code: "failed_attempts", status: .tooManyRequests, retryAfter: .nanoseconds(wait)))
  }
}
