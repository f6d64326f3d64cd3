extension AuthKernel {
  /// Every durable subscription that the store knows, by name.
  public func subscriptions() async throws(LifecycleError) -> [SubscriptionRecord] {
    let store = try durableStore()
    return try await inStore { () async throws(StoreError) in try await store.subscriptions() }
  }

  /// What durable subscriptions gave up on.
  public func deadLetters(
    _ query: DeadLetterQuery = DeadLetterQuery()
  ) async throws(LifecycleError) -> [DeadLetter] {
    let store = try durableStore()
    return try await inStore { () async throws(StoreError) in try await store.deadLetters(query) }
  }

  /// Has dead letters delivered once more, by whichever process holds the subscription; how many there are. One that
  /// fails again stays a dead letter.
  /// - Parameters:
  ///   - subscription: the cursor's name; `nil` means every subscription.
  ///   - position: one signal's position in the log; `nil` means all of them.
  @discardableResult
  public func replayDeadLetters(
    of subscription: String? = nil, position: Int64? = nil
  ) async throws(LifecycleError) -> Int {
    let store = try durableStore()
    let count = try await inStore { () async throws(StoreError) in
      try await store.replay(subscription: subscription, position: position)
    }
    durable.wake()
    return count
  }

  private func durableStore() throws(LifecycleError) -> any DurableKeyStore {
    guard let store = store as? any DurableKeyStore else {
      throw .failed("the store \(store.id) keeps no durable subscriptions")
    }
    return store
  }
}
