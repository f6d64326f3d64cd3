import CardeaContracts

extension Identity {
  /// A verified key as a policy, a route or a resolver would see one, for their tests.
  /// - Parameter number: tells samples apart: key `tok_sample<number>`.
  public static func sample(
    _ number: Int = 1, scopes: ScopeSet = [], keyClass: String = "default",
    owner: String? = nil, ownerKind: OwnerRecord.Kind = .user,
    metadata: [String: JSONValue] = [:], ownerMetadata: [String: JSONValue] = [:]
  ) -> Identity {
    let at = Samples.start
    let record = owner.map {
      OwnerRecord(
        id: Samples.id(number, 0xFF), kind: ownerKind, name: $0, createdAt: at,
        metadata: ownerMetadata)
    }
    let secret = Samples.secret(number)
    let key = KeyRecord(
      id: Samples.id(number), prefix: "tok_sample\(number)", name: "sample \(number)",
      keyClass: keyClass, ownerID: record?.id, scopes: scopes, format: secret.format, createdAt: at,
      createdBy: Actor.host.description, metadata: metadata, secrets: [secret])
    return Identity(stored: StoredKey(key: key, owner: record))
  }
}

extension PolicyContext {
  /// A context as the kernel would give it to a policy.
  /// - Parameter identity: `nil` for the stage before verification.
  public static func sample(
    _ identity: Identity?, request: RequestFacts = RequestFacts(method: "GET", path: "/"),
    prefix: String? = nil, now: Timestamp = SystemClock().now()
  ) -> PolicyContext {
    PolicyContext(
      request: request, prefix: prefix ?? identity?.prefix ?? "tok_sample1", identity: identity,
      now: now)
  }
}
