#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A store that keeps the cursors of durable subscriptions, and the signals that they gave up on.
///
/// Promises (the conformance kit checks each):
/// - a subscription is held by one holder at a time; another gets it once the claim has run out.
/// - a step is taken only by the holder and from the position that is stored, else `.conflict` and nothing changes;
///   cursor and dead letter move together.
/// - cursors and dead letters are on disk before the call returns (unless the store is memory only).
///
/// Threading: from any task, many at once.
public protocol DurableKeyStore: KeyStore {
  /// Takes a subscription, or renews the claim on it; its position, or `nil` while another holds it. One that
  /// was never seen begins at ``SubscriptionClaim/start``.
  func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64?
  /// Moves a cursor on, and keeps or drops a dead letter with it.
  func advance(_ step: SubscriptionStep) async throws(StoreError)
  /// Every subscription, by name.
  func subscriptions() async throws(StoreError) -> [SubscriptionRecord]
  /// What was given up on, by subscription and position.
  func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> [DeadLetter]
  /// Marks dead letters to be delivered once more; how many there were. `nil` means every one.
  func replay(subscription: String?, position: Int64?) async throws(StoreError) -> Int
}

extension DurableKeyStore {
  /// By which claims are made and run out: the store's time, where nodes of many machines share it, so that clocks which
  /// differ let no two hold one subscription.
  /// - Parameter clock: the kernel's, for a store without a clock.
  package func claimTime(_ clock: any KernelClock) -> Timestamp {
    (self as? any ManyNodeStore)?.storeTime ?? clock.now()
  }
}

/// A holder's wish to deliver a subscription's signals for a while.
public struct SubscriptionClaim: Sendable, Equatable {
  /// The cursor's name.
  public let name: String
  /// Who asks: one kernel, for as long as it lives.
  public let holder: String
  /// By the store's clock, if it has one of its own (``ManyNodeStore/storeTime``).
  public let now: Timestamp
  /// When the claim runs out; ``now`` gives it back.
  public let until: Timestamp
  /// The position after which a subscription begins that was never seen.
  public let start: Int64

  public init(name: String, holder: String, now: Timestamp, until: Timestamp, start: Int64) {
    self.name = name
    self.holder = holder
    self.now = now
    self.until = until
    self.start = start
  }
}

/// What a holder has done with its subscription.
public struct SubscriptionStep: Sendable, Equatable {
  public let name: String
  public let holder: String
  /// Where the cursor stands, and where it goes.
  public let from: Int64
  public let to: Int64
  /// A signal that was given up on; one of the same position is replaced.
  public var buried: DeadLetter?
  /// The position of a dead letter that has been delivered after all.
  public var settled: Int64?

  public init(
    name: String, holder: String, from: Int64, to: Int64, buried: DeadLetter? = nil,
    settled: Int64? = nil
  ) {
    self.name = name
    self.holder = holder
    self.from = from
    self.to = to
    self.buried = buried
    self.settled = settled
  }
}

/// A durable subscription as the store keeps it.
public struct SubscriptionRecord: Sendable, Equatable {
  public let name: String
  /// The last position that was delivered, given up on or of no interest.
  public let position: Int64
  public let deadLetters: Int

  public init(name: String, position: Int64, deadLetters: Int) {
    self.name = name
    self.position = position
    self.deadLetters = deadLetters
  }
}

/// A signal that a durable subscription gave up on. Where it stands in the log, never what it says: what a purge
/// erases there is gone from here too.
public struct DeadLetter: Sendable, Equatable {
  public let subscription: String
  public let position: Int64
  /// The signal's wire name.
  public let signal: String
  public let keyID: UUID?
  public let prefix: String?
  public let failedAt: Timestamp
  /// How often it was tried.
  public let attempts: Int
  /// Why the last attempt failed, for operators.
  public let reason: String
  /// Whether it is to be delivered once more.
  public var isReplayed: Bool

  public init(
    subscription: String, position: Int64, signal: String, keyID: UUID?, prefix: String?,
    failedAt: Timestamp, attempts: Int, reason: String, isReplayed: Bool = false
  ) {
    self.subscription = subscription
    self.position = position
    self.signal = signal
    self.keyID = keyID
    self.prefix = prefix
    self.failedAt = failedAt
    self.attempts = attempts
    self.reason = reason
    self.isReplayed = isReplayed
  }
}

/// Which dead letters a listing wants.
public struct DeadLetterQuery: Sendable, Equatable {
  public var subscription: String?
  /// Only those that are to be delivered once more.
  public var onlyReplayed = false
  /// Where the page before ended.
  public var after: Place?
  /// 1 to 1,000 a page.
  public var limit: Int

  /// A dead letter's place in the order of the listing.
  public struct Place: Sendable, Equatable {
    public let subscription: String
    public let position: Int64

    public init(subscription: String, position: Int64) {
      self.subscription = subscription
      self.position = position
    }
  }

  public init(subscription: String? = nil, limit: Int = 100) {
    self.subscription = subscription
    self.limit = min(max(limit, 1), 1_000)
  }
}
