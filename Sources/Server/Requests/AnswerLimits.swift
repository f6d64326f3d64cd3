import CardeaContracts

/// What is left of the limits of the key that asks, on its way to the answer. Threading: any thread.
final class AnswerLimits: Sendable {
  private let held = Locked<[LimitState]>([])

  var all: [LimitState] { held.withLock { $0 } }

  func note(_ limits: [LimitState]) { held.withLock { $0 = limits } }
}
