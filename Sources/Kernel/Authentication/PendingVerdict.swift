/// A verdict that takes more than memory: the store, a hasher, a policy that asks somebody else, or an audit sink that
/// has to be waited for.
///
/// Whoever got one asks for it once, in one of the two ways: its request may have been counted already. Threading: any
/// thread.
public struct PendingVerdict: Sendable {
  /// Runs something, now or soon, on a thread of the caller's choice: `{ loop.execute($0) }`.
  public typealias Resume = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

  /// How far it has come.
  enum Stage {
    case cold(PresentedToken)
    case session([Secret])
    case decided(AuthKernel.Outcome)
  }

  let kernel: AuthKernel
  let stage: Stage
  let facts: RequestFacts
  let began: UInt64
  var requirement = Requirement.none
  var memory = PolicyMemory()

  /// The verdict to answer with. What can't be recorded is denied.
  public var value: Verdict {
    get async {
      let outcome = await outcome
      if !kernel.waitsForAudit { return kernel.conclude(outcome, facts, began) }
      return await withCheckedContinuation { continuation in
        kernel.record(outcome, of: self, resuming: { work in Task { work() } }) {
          continuation.resume(returning: $0)
        }
      }
    }
  }

  /// The same for who must not suspend. What is still to be decided is decided in a task.
  /// - Parameters:
  ///   - resume: where to go on when a sink has answered, so that usage, signals and the meter are seen to there. It must
  ///     not be the sink's thread, which serves others.
  ///   - done: gets the verdict to answer with, where `resume` runs things.
  public func settle(
    resuming resume: @escaping Resume, then done: @escaping @Sendable (Verdict) -> Void
  ) {
    kernel.pending.enter()
    let finish: @Sendable (Verdict) -> Void = { [group = kernel.pending] verdict in
      done(verdict)
      group.leave()
    }
    if case .decided(let outcome) = stage {
      return kernel.record(outcome, of: self, resuming: resume, then: finish)
    }
    Task {
      let outcome = await outcome
      if kernel.waitsForAudit {
        return kernel.record(outcome, of: self, resuming: resume, then: finish)
      }
      let verdict = kernel.conclude(outcome, facts, began)
      resume { finish(verdict) }
    }
  }

  private var outcome: AuthKernel.Outcome {
    get async {
      var memory = memory
      return switch stage {
      case .cold(let token): await kernel.decide(token, facts, requirement, &memory)
      case .session(let tokens): await kernel.decideSession(tokens, facts, requirement, &memory)
      case .decided(let outcome): outcome
      }
    }
  }
}
