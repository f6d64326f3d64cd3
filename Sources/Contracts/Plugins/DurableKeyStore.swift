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
