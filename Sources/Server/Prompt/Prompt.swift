import CardeaKernel

/// An answer for who must not suspend: there at once, or when its verdict is.
enum Prompt<Answer>: Sendable where Answer: Sendable {
  case now(Answer)
  case later(PendingVerdict, @Sendable (Verdict) -> Answer)

  /// The answer made into another.
  @inline(__always)
  func map<Other>(_ change: @escaping @Sendable (Answer) -> Other) -> Prompt<Other> {
    switch self {
    case .now(let answer): .now(change(answer))
    case .later(let verdict, let answer): .later(verdict) { change(answer($0)) }
    }
  }
}
