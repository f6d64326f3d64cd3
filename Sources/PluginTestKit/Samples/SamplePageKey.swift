import CardeaLifecycle

extension PageKey {
  /// A key as the page would show it to a plugin, for its tests.
  /// - Parameters:
  ///   - number: tells samples apart: key `tok_sample<number>`.
  ///   - expiresIn: how long after `now` it expires; `nil` is never.
  public static func sample(
    _ number: Int = 1, name: String? = nil, status: KeyRecord.Status = .active,
    owner: String? = nil, scopes: ScopeSet = [], expiresIn: Duration? = nil,
    metadata: [String: JSONValue] = [:], now: Timestamp = Timestamp(milliseconds: 1_767_312_000_000)
  ) -> PageKey {
    let record = owner.map {
      OwnerRecord(id: Samples.id(number, 0xFF), kind: .user, name: $0, createdAt: Samples.start)
    }
    let key = KeyRecord(
      id: Samples.id(number), prefix: "tok_sample\(number)", name: name ?? "sample \(number)",
      ownerID: record?.id, scopes: scopes, status: status, format: "underscore",
      createdAt: Samples.start, createdBy: Actor.host.description,
      expiresAt: expiresIn.flatMap { now.adding($0) }, metadata: metadata, secrets: [])
    return PageKey(StoredKey(key: key, owner: record), at: now)
  }

  /// Of every state, with and without owner, dates and metadata, and with texts that are written to break a page.
  static var samples: [PageKey] {
    let plain = [
      sample(1), sample(2, owner: "alice", scopes: ["orders:read"], expiresIn: .seconds(86_400)),
      sample(3, status: .suspended), sample(4, status: .revoked, owner: "bob"),
      sample(5, name: "", status: .purged), sample(6, expiresIn: .seconds(-1)),
      PageKey(StoredKey(key: Samples.key(7), owner: Samples.owner(7)), at: Samples.time(8)),
      PageKey(StoredKey(key: Samples.key(8)), at: .latest),
      PageKey(StoredKey(key: Samples.key(9)), at: .earliest),
    ]
    let hostile = HostileText.all.enumerated().map { index, text in
      sample(20 + index, name: text, metadata: [text: .string(text), "n": .integer(.max)])
    }
    return plain + hostile
  }
}
