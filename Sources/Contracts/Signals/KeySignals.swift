// The lifecycle of a key, one type per fact.

/// A key was made.
public struct KeyCreated: ChangeSignal {
  public static let name = "key_created"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
  }
}

/// A key's name, description, scopes, class, expiry or metadata changed.
public struct KeyUpdated: ChangeSignal {
  public static let name = "key_updated"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  /// The names of the fields that changed.
  public let changed: [String]
  public var position: Int64?

  public init(
    at: Timestamp, actor: String, key: KeyFacts, changed: [String], position: Int64? = nil
  ) {
    self.at = at
    self.actor = actor
    self.key = key
    self.changed = changed
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key, changed
  }
}

/// A key was given a new secret.
public struct TokenRotated: ChangeSignal {
  public static let name = "token_rotated"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  /// Until when the old secret works too; `nil` if it died at once.
  public let overlapUntil: Timestamp?
  public var position: Int64?

  public init(
    at: Timestamp, actor: String, key: KeyFacts, overlapUntil: Timestamp?, position: Int64? = nil
  ) {
    self.at = at
    self.actor = actor
    self.key = key
    self.overlapUntil = overlapUntil
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
    case overlapUntil = "overlap_until"
  }
}

/// A rotation's overlap was ended early: the old secret died.
public struct RotationCompleted: ChangeSignal {
  public static let name = "rotation_completed"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
  }
}

/// A rotation was taken back: the new secret died.
public struct RotationCancelled: ChangeSignal {
  public static let name = "rotation_cancelled"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
  }
}

/// A key was suspended; it can be reactivated.
public struct KeySuspended: ChangeSignal {
  public static let name = "key_suspended"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
  }
}

/// A suspended key is in force again.
public struct KeyReactivated: ChangeSignal {
  public static let name = "key_reactivated"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
  }
}

/// A key was revoked, for ever.
public struct KeyRevoked: ChangeSignal {
  public static let name = "key_revoked"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
  }
}

/// A key's secret and personal data were erased; a tombstone stays.
public struct KeyPurged: ChangeSignal {
  public static let name = "key_purged"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
  }
}

/// A key passed its expiry.
public struct KeyExpired: ChangeSignal {
  public static let name = "key_expired"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key
  }
}

/// A key will expire soon.
public struct KeyExpiring: ChangeSignal {
  public static let name = "key_expiring"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  /// The threshold that was crossed, in days.
  public let days: Int
  public var position: Int64?

  public init(at: Timestamp, actor: String, key: KeyFacts, days: Int, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.key = key
    self.days = days
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key, days
  }
}

/// A secret was hashed again with today's algorithm and parameters.
public struct HashUpgraded: ChangeSignal {
  public static let name = "hash_upgraded"
  public let at: Timestamp
  public let actor: String
  public let key: KeyFacts
  /// The algorithm that it has now.
  public let algorithm: String
  public var position: Int64?

  public init(
    at: Timestamp, actor: String, key: KeyFacts, algorithm: String, position: Int64? = nil
  ) {
    self.at = at
    self.actor = actor
    self.key = key
    self.algorithm = algorithm
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, key, algorithm
  }
}
