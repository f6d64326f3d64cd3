import CardeaKernel

/// So many reports of leaked tokens from one address in such a time; whoever has no address shares one budget.
///
/// Whether a report is over the limit depends on its address alone. An IPv6 client has a /64 to choose addresses
/// from, so that is one address here. Bounded: of addresses beyond the table's size those that reported least
/// are forgotten. Threading: any thread.
final class ReportLimit: Sendable {
  private let rate: GCRA?
  private let budgets = BudgetTable(capacity: 10_000)
  private let kernel: AuthKernel

  init(_ rate: Rate?, _ kernel: AuthKernel) {
    self.rate = rate.map { GCRA($0, burst: $0.count) }
    self.kernel = kernel
  }

  /// Counts a report.
  func take(from address: String?) throws(Denial) {
    guard let rate else { return }
    let now = Int64(clamping: kernel.clock.monotonic())
    let wait = budgets.update(subject(address), floor: now) { rate.take(&$0, at: now) }
    guard let wait else { return }
    throw Denial(
      .rateLimited,
      policy: PolicyDenial(
        code: "leak_reports", status: .tooManyRequests, retryAfter: .nanoseconds(wait)))
  }

  private func subject(_ address: String?) -> BudgetTable.Subject {
    let bytes = address.flatMap { IPAddress($0) }?.clientBytes ?? []
    let digest = bytes.withUnsafeBytes { kernel.primitives.keyedDigest($0) }
    return BudgetTable.Subject(low: digest.low, high: digest.high)
  }
}
