import CardeaLifecycle

/// What `body` returned or threw.
func result<Value>(
  _ body: () async throws(StoreError) -> Value
) async -> Result<Value, StoreError> {
  do throws(StoreError) {
    return .success(try await body())
  } catch {
    return .failure(error)
  }
}

/// Why `body` was refused; `nil` if it was not.
func refusal<Value>(_ body: () async throws(StoreError) -> Value) async -> StoreError? {
  switch await result(body) {
  case .success: nil
  case .failure(let error): error
  }
}

/// Why `store` refuses `change`; `nil` if it does not.
func refusal(of change: StoreChange, by store: any KeyStore) async -> StoreError? {
  await refusal { () async throws(StoreError) in try await store.commit(change) }
}
