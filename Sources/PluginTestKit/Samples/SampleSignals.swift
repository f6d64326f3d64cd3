import CardeaContracts

extension KeyFacts {
  /// What a signal would tell of a key, for tests of listeners.
  public static func sample(_ number: Int = 1, owner: String? = nil) -> KeyFacts {
    let record = owner.map {
      OwnerRecord(id: Samples.id(number, 0xFF), kind: .user, name: $0, createdAt: Samples.start)
    }
    return KeyFacts(
      StoredKey(key: Samples.key(number, owner: record), owner: record), at: Samples.start)
  }
}

extension AccessEvent {
  /// An authentication and its outcome, for tests of listeners and audit sinks.
  /// - Parameter reason: `nil` if it was allowed.
  public static func sample(
    _ number: Int = 1, reason: Denial.Reason? = nil, requestID: String? = nil
  ) -> AccessEvent {
    AccessEvent(
      at: Samples.time(number), reason: reason, keyID: Samples.id(number),
      prefix: "tok_sample\(number)", owner: "alice",
      request: RequestFacts(
        method: "GET", path: "/orders", clientAddress: "192.0.2.1", userAgent: "kit",
        requestID: requestID))
  }
}
