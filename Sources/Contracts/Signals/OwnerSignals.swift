// The lifecycle of an owner, one type per fact.

/// An owner was made.
public struct OwnerCreated: ChangeSignal {
  public static let name = "owner_created"
  public let at: Timestamp
  public let actor: String
  public let owner: OwnerFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, owner: OwnerFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.owner = owner
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, owner
  }
}

/// An owner's key limit or metadata changed.
public struct OwnerUpdated: ChangeSignal {
  public static let name = "owner_updated"
  public let at: Timestamp
  public let actor: String
  public let owner: OwnerFacts
  /// The names of the fields that changed.
  public let changed: [String]
  public var position: Int64?

  public init(
    at: Timestamp, actor: String, owner: OwnerFacts, changed: [String], position: Int64? = nil
  ) {
    self.at = at
    self.actor = actor
    self.owner = owner
    self.changed = changed
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, owner, changed
  }
}

/// An owner was disabled: none of their keys works.
public struct OwnerDisabled: ChangeSignal {
  public static let name = "owner_disabled"
  public let at: Timestamp
  public let actor: String
  public let owner: OwnerFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, owner: OwnerFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.owner = owner
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, owner
  }
}

/// An owner was enabled again.
public struct OwnerEnabled: ChangeSignal {
  public static let name = "owner_enabled"
  public let at: Timestamp
  public let actor: String
  public let owner: OwnerFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, owner: OwnerFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.owner = owner
    self.position = position
  }

  private enum CodingKeys: String, CodingKey {
    case at, actor, position, owner
  }
}
