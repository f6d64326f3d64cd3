#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Lets all who look at one token at the same time share its slow hashes: a thousand requests with a token that nobody
/// remembers cost one hash for each secret row that it is compared with, not a thousand.
///
/// Whoever looks says so before asking the verdict cache and leaves after telling it, so that nobody falls between the
/// two. What is shared is that a token matches a hash, or that it does not, which is true whenever it was found out: the
/// key itself everybody reads anew. A hash that was not run, since too many wait, is shared with those who wait for it
/// alone.
///
/// Threading: any thread; never blocks the caller.
final class SharedHashes: Sendable {
  /// A token that is being looked at. All bits of its digest and its prefix are compared.
  struct Look: Hashable, Sendable {
    fileprivate let low: UInt64
    fileprivate let high: UInt64
    fileprivate let prefix: [UInt8]
  }

  typealias Outcome = Result<Bool, Denial>

  private struct Question: Hashable {
    let row: UUID
    let hash: [UInt8]
  }

  private enum Answer {
    case awaited([CheckedContinuation<Outcome?, Never>])
    case known(Bool)
  }

  private struct Lookers {
    var count = 0
    var answers: [Question: Answer] = [:]
  }

  private let lookers = Locked<[Look: Lookers]>([:])

  /// Begins to look at a token; to be given to ``leave(_:)``.
  func enter(_ token: PresentedToken) -> Look {
    let look = Look(
      low: token.digest.low, high: token.digest.high, prefix: Array(token.prefix.utf8))
    lookers.withLock { $0[look, default: Lookers()].count += 1 }
    return look
  }

  func leave(_ look: Look) {
    lookers.withLock { lookers in
      lookers[look]?.count -= 1
      if lookers[look]?.count == 0 { lookers[look] = nil }
    }
  }

  /// Tokens that are being looked at: for tests.
  var underWay: Int { lookers.withLock { $0.count } }

  /// Whether the token matches a row, by `work`, which runs once for all who look at it.
  func outcome(
    of look: Look, for row: StoredSecret, _ work: () async -> Outcome
  ) async -> Outcome {
    let question = Question(row: row.id, hash: Array(row.hash.encoded.utf8))
    let told: Outcome? = await withCheckedContinuation { continuation in
      let isKnown = lookers.withLock { lookers -> Outcome?? in
        switch lookers[look]?.answers[question] {
        case .known(let matches): return .some(.success(matches))
        case .awaited(let waiting):
          lookers[look]?.answers[question] = .awaited(waiting + [continuation])
          return nil
        case nil:
          lookers[look]?.answers[question] = .awaited([])
          return .some(nil)
        }
      }
      if let isKnown { continuation.resume(returning: isKnown) }
    }
    if let told { return told }
    let outcome = await work()
    let waiting = lookers.withLock { lookers -> [CheckedContinuation<Outcome?, Never>] in
      let before = lookers[look]?.answers[question]
      lookers[look]?.answers[question] = (try? outcome.get()).map(Answer.known)
      return if case .awaited(let waiting)? = before { waiting } else { [] }
    }
    for continuation in waiting { continuation.resume(returning: outcome) }
    return outcome
  }
}
