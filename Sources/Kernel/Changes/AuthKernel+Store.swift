extension AuthKernel {
  /// Does something with the store; what the store refuses is thrown as what it means to a caller.
  package func inStore<Value>(
    _ work: () async throws(StoreError) -> Value
  ) async throws(LifecycleError) -> Value {
    do throws(StoreError) { return try await work() } catch { throw LifecycleError(error) }
  }
}
