import CardeaContracts

/// What is used of the buckets of limits.
struct MemoryQuotas: Sendable {
  /// When each bucket is full again, in nanoseconds since 1970.
  private var full: [Bytes: Int64] = [:]
  /// How many buckets there may be before those that are full are dropped.
  private var bound = 1_024

  mutating func draw(_ draws: [QuotaDraw], at now: Int64) -> [QuotaGrant] {
    let grants = draws.map { draw in
      let name = Bytes(draw.bucket)
      let (grant, moment) = draw.settle(full[name], at: now)
      if let moment { full[name] = moment > now ? moment : nil }
      return grant
    }
    if full.count > bound {
      full = full.filter { $0.value > now }
      bound = max(1_024, 2 * full.count)
    }
    return grants
  }
}
