/// What is known of a change once it is acknowledged: where it stands in the signal log, and by when
/// every node obeys it.
public struct Receipt: Sendable, Equatable {
  /// The position of the change's signal in the signal log.
  public let position: Int64
  /// Nodes that obey it already.
  public let confirmed: [String]
  /// Nodes that will obey it, and by when.
  public let pending: [Pending]
  /// Milliseconds after which no process allows on the old record: 0 if nobody shares the store, else the
  /// lease.
  public let boundMilliseconds: Int64

  public struct Pending: Sendable, Equatable, Encodable {
    public let node: String
    public let by: Timestamp
  }
}

extension Receipt: Encodable {
  private enum CodingKeys: String, CodingKey {
    case position, confirmed, pending
    case boundMilliseconds = "bound_ms"
  }
}

/// A key that was just made or given a new secret: the only time its token is seen.
public struct IssuedKey: Sendable {
  public let stored: StoredKey
  /// The token. ``Secret/reveal()`` it to its user, once.
  public let token: Secret
  public let receipt: Receipt
}

/// A key after a change.
public struct ChangedKey: Sendable {
  public let stored: StoredKey
  public let receipt: Receipt
}

/// An owner that was just made, and its first key if it was given one.
public struct CreatedOwner: Sendable {
  public let owner: OwnerRecord
  public let firstKey: IssuedKey?
  public let receipt: Receipt
}

/// An owner after a change.
public struct ChangedOwner: Sendable {
  public let owner: OwnerRecord
  public let receipt: Receipt
}
