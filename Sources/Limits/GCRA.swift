/// The generic cell rate algorithm: a limit that is kept as one moment per subject.
///
/// That moment, the *theoretical arrival time*, is when the subject would be back at its full
/// allowance; nobody has to add anything as time goes by. Over any time t it lets through at most
/// `burst + t × rate` (ITU-T I.371, annex A; the "virtual scheduling" form). All times are nanoseconds
/// on whatever clock the caller counts with.
package struct GCRA: Sendable, Equatable {
  /// Nanoseconds that one unit takes to come back.
  package let interval: Int64
  /// Units that may be taken at once.
  package let burst: Int64
  /// What may be taken at once, in nanoseconds. Where that is one unit, a twentieth of it more: who comes when a
  /// unit is due, but a tick of the clock too early, would else wait for the next chance and fall behind the rate.
  package let capacity: Int64

  /// - Parameter burst: 1 to `rate.count`.
  package init(_ rate: Rate, burst: Int) {
    let window = Int64(clamping: rate.window.nanoseconds)
    // Rounded up: never more than the rate. At one a microsecond that is 0.1 % at most.
    interval = (window + Int64(rate.count) - 1) / Int64(rate.count)
    self.burst = Int64(min(max(burst, 1), rate.count))
    capacity = self.burst * interval + (self.burst == 1 ? interval / 20 : 0)
  }

  /// Takes `cost` units if they are there.
  /// - Returns: `nil` if they were, else the nanoseconds until they will be.
  package func take(_ full: inout Int64, cost: Int64 = 1, at now: Int64) -> Int64? {
    let next = max(full, now) + min(max(cost, 0), burst) * interval
    let late = next - now - capacity
    if late > 0 { return late }
    full = next
    return nil
  }

  /// Gives back what ``take(_:cost:at:)`` took.
  package func giveBack(_ full: inout Int64, cost: Int64 = 1) {
    full -= min(max(cost, 0), burst) * interval
  }

  /// Takes a unit whether or not it is there; the debt is never more than one burst.
  package func charge(_ full: inout Int64, at now: Int64) {
    full = min(max(full, now) + interval, now + 2 * burst * interval)
  }

  /// Whole units that could be taken now.
  package func remaining(_ full: Int64, at now: Int64) -> Int64 {
    max(0, (capacity - max(0, full - now)) / interval)
  }

  /// Nanoseconds until one more unit is there than now; 0 at the full allowance.
  package func untilNext(_ full: Int64, at now: Int64) -> Int64 {
    let missing = max(0, full - now)
    let units = remaining(full, at: now)
    return units == burst ? 0 : (units + 1) * interval - (capacity - missing)
  }
}
