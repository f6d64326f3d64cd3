extension AuthKernel {
  /// Writes or removes a record of a plugin and the signal that tells of it in one transaction, and publishes the
  /// signal. Called by plugins whose records matter to an audit; other records go to the store directly.
  ///
  /// Threading: any thread. `.conflict` if another revision is stored than was seen, or nothing is there to remove;
  /// `.failed` if the store keeps no records of plugins. Nothing is written or published then.
  @discardableResult
  public func commit(
    _ write: StoreChange.RecordWrite, telling signal: some ChangeSignal
  ) async throws(LifecycleError) -> Receipt {
    guard store is any PluginRecordStore else {
      throw .failed("the store \(store.id) keeps no records of plugins")
    }
    let announcement = try announce(signal)
    return try await inStore { () async throws(StoreError) in
      try await commit([announcement]) { $0.record = write }
    }
  }
}
