#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a new key is to be.
public struct NewKey: Sendable {
  /// 1 to 128 characters.
  public var name: String
  /// At most 1,024 bytes.
  public var description = ""
  public var kind: KeyRecord.Kind = .user
  /// 1 to 64 bytes of printable ASCII without spaces.
  public var keyClass = "default"
  public var owner: OwnerReference?
  /// `nil` takes the default scopes; `[]` is none at all.
  public var scopes: [String]?
  public var expiry: Expiry = .standard
  /// At most 4 KiB as JSON.
  public var metadata: [String: JSONValue] = [:]
  /// The name of the format to build the token in; `nil` takes the configured one.
  public var format: String?
  public var idempotency: IdempotencyClaim?

  public init(name: String) { self.name = name }
}

/// When a key expires.
public enum Expiry: Sendable, Equatable {
  /// As configured (`keys.default_expiry`), clamped to the actor's own.
  case standard
  case never
  case after(Duration)
  case at(Timestamp)
}

/// An owner by name, kind `user` unless given.
public struct OwnerReference: Sendable, Hashable {
  public var kind: OwnerRecord.Kind
  public var name: String

  public init(kind: OwnerRecord.Kind = .user, name: String) {
    self.kind = kind
    self.name = name
  }
}

/// What to change of a key; `nil` leaves a field as it is.
public struct KeyEdit: Sendable {
  public var name: String?
  public var description: String?
  public var keyClass: String?
  public var scopes: [String]?
  /// `.standard` is not taken here.
  public var expiry: Expiry?
  public var metadata: [String: JSONValue]?

  public init() {}
}

/// How to rotate a key.
public struct Rotation: Sendable {
  /// How long the old secret works on; zero (the default) kills every earlier secret at once. At most 7 days.
  public var overlap: Duration = .zero
  /// The format to move the key to; `nil` keeps its own.
  public var format: String?
  /// The same claim again within 24 hours is refused: a token is never repeated.
  public var idempotency: IdempotencyClaim?

  public init(overlap: Duration = .zero, format: String? = nil) {
    self.overlap = overlap
    self.format = format
  }
}

/// What a new owner is to be.
public struct NewOwner: Sendable {
  public var kind: OwnerRecord.Kind
  public var name: String
  /// `nil` takes `keys.max_per_owner`; -1 is unlimited.
  public var maxKeys: Int?
  public var metadata: [String: JSONValue] = [:]
  /// The names of the users who belong to it, if it is an organization.
  public var members: [String] = []
  /// A key to issue with it, in one transaction; its `owner` is not looked at. `nil` follows `owners.first_key`.
  public var firstKey: NewKey?

  public init(kind: OwnerRecord.Kind = .user, name: String, maxKeys: Int? = nil) {
    self.kind = kind
    self.name = name
    self.maxKeys = maxKeys
  }
}

/// What to change of an owner; `nil` leaves a field as it is.
public struct OwnerEdit: Sendable {
  public var maxKeys: Int?
  public var metadata: [String: JSONValue]?
  public var members: [String]?

  public init() {}
}
