/// A store that counts what limits let through, for all nodes together.
///
/// A node does not ask it for each request. It draws from a bucket some units ahead, which it then hands out by
/// itself, brings back what is left of them, and says what it let through on credit meanwhile. All of that, for as many
/// buckets as there are, is one ``draw(_:)``: one round trip.
///
/// What a store keeps of a bucket is one moment on its own clock, in nanoseconds since 1970: when the bucket is full
/// again, should nobody draw. In every draw, and before anybody else gets at the bucket, that moment changes as
///
/// ```
/// base = the end of the period if there is one, else now
/// full = max(full, base)                        (base, if the bucket is not known)
/// full = max(full - returned * interval, base)
/// full = min(full + spent * interval, base + 100 * capacity)
/// units = min(wanted, (capacity - (full - base)) / interval), rounded down, never below 0
/// full = full + units * interval
/// ```
///
/// and the answer is `units` and `used = full - base`. A bucket whose moment is over is full, and forgotten.
///
/// Promises (the conformance kit checks each):
/// - the units of all draws together are those of one after the other, whoever draws at the same time.
/// - what was spent is charged, also where the bucket does not have it; then nothing is given until that has come back.
/// - a draw whose period does not hold the store's time changes nothing; it is given nothing and told `capacity`.
/// - draws of several buckets in one call, in whatever order, never wait for each other in a circle.
///
/// Of a call that throws, nothing or all of it was done, and the kernel takes it for whichever is less. Losing what was
/// counted, as on power loss, is no breach: buckets are full again then.
///
/// Threading: from any task, many at once.
public protocol QuotaStore: KeyStore {
  /// Settles and draws.
  /// - Parameter draws: of at most 1,000 buckets, each named once.
  /// - Returns: as many grants, in the same order.
  func draw(_ draws: [QuotaDraw]) async throws(StoreError) -> QuotaAnswer
}

/// How much a bucket holds and how fast it fills. Two draws of one bucket may have different ones, such as after an
/// edit of the limit.
public struct QuotaTerms: Sendable, Equatable {
  /// What one unit takes of ``capacity``, in nanoseconds; where there is no ``period``, also how long it takes to
  /// come back. At least 1.
  public let interval: Int64
  /// What the bucket holds, in nanoseconds: from ``interval`` to a little more than a year.
  public let capacity: Int64
  /// Within it nothing comes back; with the next one the bucket is full. `nil`: it fills all the time. It is longer
  /// than ``capacity``, and ends before the year 2255.
  public let period: Range<Timestamp>?

  /// Values outside their range are held to it.
  public init(interval: Int64, capacity: Int64, period: Range<Timestamp>? = nil) {
    self.interval = min(max(interval, 1), QuotaTerms.most)
    self.capacity = min(max(capacity, self.interval), QuotaTerms.most)
    self.period = period
  }

  /// 400 days.
  private static let most: Int64 = 400 * 86_400 * 1_000_000_000

  /// Units that a full bucket holds.
  public var units: Int64 { capacity / interval }
}

/// What a node settles with one bucket, and what it wants of it.
public struct QuotaDraw: Sendable, Equatable {
  /// Which bucket: 1 to 200 bytes of visible ASCII, compared as bytes.
  public let bucket: String
  public let terms: QuotaTerms
  /// Units that were let through without having been drawn.
  public let spent: Int64
  /// Units that were drawn before and come back.
  public let returned: Int64
  /// Units that are asked for.
  public let wanted: Int64

  /// The units are held to 0 and what the bucket holds.
  public init(
    bucket: String, terms: QuotaTerms, spent: Int64 = 0, returned: Int64 = 0, wanted: Int64 = 0
  ) {
    self.bucket = bucket
    self.terms = terms
    self.spent = min(max(spent, 0), terms.units)
    self.returned = min(max(returned, 0), terms.units)
    self.wanted = min(max(wanted, 0), terms.units)
  }
}

/// What a draw was given.
public struct QuotaGrant: Sendable, Equatable {
  /// Units that the node may hand out: from 0 to those that it wanted.
  public let units: Int64
  /// What is used of the capacity after the draw, in nanoseconds; more than the capacity is a debt.
  public let used: Int64

  public init(units: Int64, used: Int64) {
    self.units = units
    self.used = used
  }
}

/// What the store answers to draws.
public struct QuotaAnswer: Sendable, Equatable {
  /// The store's time, by which all of them were decided.
  public let now: Timestamp
  /// One for each draw, in their order.
  public let grants: [QuotaGrant]

  public init(now: Timestamp, grants: [QuotaGrant]) {
    self.now = now
    self.grants = grants
  }
}

extension QuotaDraw {
  /// How many capacities a bucket may have used, so that no sum overflows.
  private static let mostUsed: Int64 = 100

  /// What the draw does to a bucket: see ``QuotaStore``.
  /// - Parameters:
  ///   - full: when the bucket is full again, in nanoseconds since 1970; `nil` if it is not known.
  ///   - now: the store's time, in nanoseconds since 1970.
  /// - Returns: the grant, and the bucket's new moment, `nil` if nothing changes.
  package func settle(_ full: Int64?, at now: Int64) -> (grant: QuotaGrant, full: Int64?) {
    var base = now
    if let period = terms.period {
      guard period.lowerBound.nanoseconds <= now, now < period.upperBound.nanoseconds else {
        return (QuotaGrant(units: 0, used: terms.capacity), nil)
      }
      base = period.upperBound.nanoseconds
    }
    // What is used, since sums of it stay small.
    var used = max(full ?? base, base) - base
    used = max(used - returned * terms.interval, 0)
    used = min(used + spent * terms.interval, terms.capacity * QuotaDraw.mostUsed, .max - base)
    let units = min(wanted, max(0, (terms.capacity - used) / terms.interval))
    used += units * terms.interval
    return (QuotaGrant(units: units, used: used), base + used)
  }
}
