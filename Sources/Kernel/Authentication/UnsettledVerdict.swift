/// A verdict that was reached at once, and is given out when the audit sinks that have to be waited for have taken it.
///
/// Whoever got one calls ``settle(resuming:then:)`` once: its request was counted already. Threading: any thread.
public struct UnsettledVerdict: Sendable {
  /// Runs something, now or soon, on a thread of the caller's choice: `{ loop.execute($0) }`.
  public typealias Resume = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

  let facts: RequestFacts
  let began: UInt64
  private let kernel: AuthKernel
  private let outcome: AuthKernel.Outcome

  init(_ kernel: AuthKernel, _ outcome: AuthKernel.Outcome, _ facts: RequestFacts, _ began: UInt64)
  {
    self.kernel = kernel
    self.outcome = outcome
    self.facts = facts
    self.began = began
  }

  /// Records it, and hands on what came of it: what can't be recorded is denied.
  /// - Parameters:
  ///   - resume: where to go on when a sink has answered: usage, signals and the meter are seen to there. It must not
  ///     be the sink's thread, which serves others.
  ///   - done: gets the verdict to answer with, where `resume` runs things.
  public func settle(
    resuming resume: @escaping Resume, then done: @escaping @Sendable (Verdict) -> Void
  ) {
    kernel.settle(outcome, self, from: 0, resuming: resume, then: done)
  }
}
