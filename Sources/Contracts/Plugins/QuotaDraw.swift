/// What a node settles with one bucket, and what it wants of it.
public struct QuotaDraw: Sendable, Equatable {
  /// Which bucket: 1 to 200 bytes of visible ASCII, compared as bytes.
  public let bucket: String
  /// Of which bucket, and how it fills.
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
