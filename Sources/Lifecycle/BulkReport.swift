/// What a bulk change came to. Every selected key is in one of the counts.
public struct BulkReport: Sendable {
  /// Keys that were selected.
  public var matched = 0
  /// Keys that were changed, or would have been in a rehearsal.
  public var changed = 0
  /// Keys that the selection did not hold for any more.
  public var unchanged = 0
  /// Keys whose change was refused or failed.
  public var failed = 0
  /// Keys whose turn did not come, since the store stopped answering or the caller stopped listening.
  public var notTried = 0
  /// The first failures, at most ``mostFailures``.
  public var failures: [Failure] = []
  /// Of the change that came last in the signal log.
  public var receipt: Receipt?

  /// More failures than that are counted, not listed.
  public static let mostFailures = 1_000

  /// A key that was not changed, and why.
  public struct Failure: Sendable {
    public let key: SelectedKey
    public let error: LifecycleError
  }

  public init() {}
}

extension BulkReport {
  mutating func note(_ outcome: BulkOutcome, of key: SelectedKey) {
    switch outcome {
    case .changed(let changed): note(changed.receipt)
    case .issued(let issued): note(issued.receipt)
    case .unchanged: unchanged += 1
    case .failed(let error):
      failed += 1
      if failures.count < BulkReport.mostFailures {
        failures.append(Failure(key: key, error: error))
      }
    }
  }

  private mutating func note(_ new: Receipt) {
    changed += 1
    if receipt.map({ $0.position < new.position }) ?? true { receipt = new }
  }
}
