#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A key as a store keeps it: everything but the secret itself.
public struct KeyRecord: Sendable, Equatable {
  /// UUIDv7; never changes.
  public let id: UUID
  /// `<namespace>_<identifier>`: public, unique, what lookup uses; never changes.
  public let prefix: String
  /// 1 to 128 characters; empty once purged.
  public var name: String
  /// At most 1,024 bytes; empty once purged.
  public var description: String
  public var kind: Kind
  /// The key's class; a route may demand one.
  public var keyClass: String
  /// The owner's id, if the key has one.
  public var ownerID: UUID?
  /// What it grants.
  public var scopes: ScopeSet
  /// What has been decided about the key. Expiry is not stored: it follows from `expiresAt` and the clock.
  public var status: Status
  /// The name of the ``TokenFormat`` of the newest secret; rotation keeps it, and a tombstone too.
  public var format: String
  /// When it was made; an imported key has the date of the other system.
  public let createdAt: Timestamp
  /// Who created it, as ``Actor/description`` writes it.
  public let createdBy: String
  /// From then on it is denied; `nil` is never.
  public var expiresAt: Timestamp?
  /// The nearest threshold, in days ahead of expiry, that counts as announced (``KeyExpiring``); 0 once
  /// ``KeyExpired`` was. `nil`: none yet. Starts anew when the expiry changes.
  public var expiryNoticeDays: Int?
  /// When it was used last, as far as usage has been written.
  public var lastUsedAt: Timestamp?
  /// When the key was last reactivated: a key that was given back has not been unused since its last use.
  public var reactivatedAt: Timestamp?
  /// Free JSON, an object of at most 4 KiB.
  public var metadata: [String: JSONValue]
  /// One secret, or two while a rotation's overlap is open; none once purged. Newest last.
  public var secrets: [StoredSecret]
  /// Raised by one with every change; what compare-and-swap compares. Usage and re-hash leave it alone.
  public var revision: Int64

  /// Whose key it is: a person's, or a program's.
  public enum Kind: String, Sendable, Codable, CaseIterable { case user, system }
  /// What may have been decided about a key.
  public enum Status: String, Sendable, Codable, CaseIterable {
    case active, suspended, revoked, purged

    /// Whether such a key counts towards its owner's limit.
    package var counts: Bool { self == .active || self == .suspended }
  }

  public init(
    id: UUID, prefix: String, name: String, description: String = "", kind: Kind = .user,
    keyClass: String = "default", ownerID: UUID? = nil, scopes: ScopeSet = [],
    status: Status = .active, format: String, createdAt: Timestamp, createdBy: String,
    expiresAt: Timestamp? = nil, expiryNoticeDays: Int? = nil, lastUsedAt: Timestamp? = nil,
    reactivatedAt: Timestamp? = nil, metadata: [String: JSONValue] = [:],
    secrets: [StoredSecret], revision: Int64 = 1
  ) {
    self.id = id
    self.prefix = prefix
    self.name = name
    self.description = description
    self.kind = kind
    self.keyClass = keyClass
    self.ownerID = ownerID
    self.scopes = scopes
    self.status = status
    self.format = format
    self.createdAt = createdAt
    self.createdBy = createdBy
    self.expiresAt = expiresAt
    self.expiryNoticeDays = expiryNoticeDays
    self.lastUsedAt = lastUsedAt
    self.reactivatedAt = reactivatedAt
    self.metadata = metadata
    self.secrets = secrets
    self.revision = revision
  }

  /// Since when nobody has used the key: its last use, its reactivation or its creation, whichever came last.
  public var unusedSince: Timestamp {
    max(createdAt, lastUsedAt ?? .earliest, reactivatedAt ?? .earliest)
  }

  /// The state as people see it: the status, or `expired` from the moment of expiry on.
  public func state(at now: Timestamp) -> KeyState {
    switch status {
    case .revoked: return .revoked
    case .purged: return .purged
    case .suspended: return .suspended
    case .active:
      if let expiresAt, now >= expiresAt { return .expired }
      return .active
    }
  }
}

extension KeyRecord {
  /// Until when a rotation's old secret works on, if one is open.
  public func openOverlap(at now: Timestamp) -> Timestamp? {
    secrets.compactMap(\.endsAt).first { $0 > now }
  }
}
