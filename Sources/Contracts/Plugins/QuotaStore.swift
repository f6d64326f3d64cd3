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
