#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a key and an owner may look like, and what an actor may do to them. Pure: reads no clock, no store.
package enum LifecycleRules {
  /// The scopes of Cardea's own management interface.
  static let managementScopes = [
    ScopeSet.admin, "cardea:keys:read", "cardea:keys:write", "cardea:verify",
    "cardea:audit:read", "cardea:signals:read", "cardea:metrics:read", "cardea:webhooks:read",
    "cardea:webhooks:write", "cardea:portal:write",
  ]
  /// The longest rotation overlap: 7 days.
  package static let longestOverlap: Duration = .days(7)
  /// The furthest expiry that a key may be given: 100 years, longer than anybody keeps one. What lies beyond is a
  /// slip, or another system's way to write never (`9999-12-31`), which has one spelling here. An imported key
  /// keeps whatever expiry it has.
  package static let longestLife: Duration = .days(36_500)
  /// The largest `metadata`, in bytes of JSON.
  static let largestMetadata = 4_096

  package static func checkName(_ name: String) throws(LifecycleError) {
    guard (1...128).contains(name.count), name.utf8.count <= 512 else {
      throw .invalid(
        field: "name", reason: "must be 1 to 128 characters (and at most 512 bytes of UTF-8)")
    }
    try checkText(name, "name")
  }

  package static func checkDescription(_ text: String) throws(LifecycleError) {
    guard text.utf8.count <= 1_024 else {
      throw .invalid(
        field: "description", reason: "must be at most 1024 bytes, is \(text.utf8.count)")
    }
    try checkText(text, "description")
  }

  private static func checkText(_ text: String, _ field: String) throws(LifecycleError) {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return }
    if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      throw .invalid(field: field, reason: "must not hold control characters")
    }
  }

  package static func checkClass(_ name: String) throws(LifecycleError) {
    guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else {
      throw .invalid(
        field: "class", reason: "must be 1 to 64 bytes of printable ASCII without spaces")
    }
  }

  package static func checkOwnerName(_ name: String) throws(LifecycleError) {
    let barred: [UInt8] = [0x22, 0x25, 0x27, 0x2C]
    guard (1...128).contains(name.utf8.count),
      name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !barred.contains($0) })
    else {
      throw .invalid(
        field: "owner",
        reason: "must be 1 to 128 bytes of printable ASCII without space, comma, quotes or %")
    }
  }

  package static func checkMaxKeys(_ count: Int) throws(LifecycleError) {
    guard (-1...1_000_000_000).contains(count) else {
      throw .invalid(field: "max_keys", reason: "must be -1 (unlimited) to 1000000000")
    }
  }

  package static func checkMetadata(_ metadata: [String: JSONValue]) throws(LifecycleError) {
    if JSONValue.object(metadata).longest <= largestMetadata { return }
    let size = (try? JSONEncoder().encode(metadata).count) ?? .max
    guard size <= largestMetadata else {
      throw .invalid(field: "metadata", reason: "must be at most 4096 bytes of JSON")
    }
  }

  /// The most members that an organization may have.
  package static let mostMembers = 1_000

  /// An organization's members, sorted, each once.
  package static func members(
    _ names: [String], of kind: OwnerRecord.Kind
  ) throws(LifecycleError) -> [String] {
    if names.isEmpty { return [] }
    guard kind == .organization else {
      throw .invalid(field: "members", reason: "only an organization has members")
    }
    guard names.count <= mostMembers else {
      throw .invalid(field: "members", reason: "must be at most \(mostMembers) names")
    }
    for name in names {
      do { try checkOwnerName(name) } catch {
        throw .invalid(
          field: "members",
          reason: "must be names of users: 1 to 128 bytes of printable ASCII without space, "
            + "comma, quotes or %")
      }
    }
    return Set(names).sorted()
  }

  /// The metadata of a key: as ``checkMetadata(_:)``, and as the plugins that read it need it.
  package static func checkMetadata(
    _ metadata: [String: JSONValue], for readers: [any MetadataChecking]
  ) throws(LifecycleError) {
    try checkMetadata(metadata)
    for reader in readers {
      do throws(MetadataFault) { try reader.check(metadata: metadata) } catch {
        throw .invalid(field: "metadata.\(error.field)", reason: error.reason)
      }
    }
  }

  package static func checkOverlap(_ overlap: Duration) throws(LifecycleError) {
    guard overlap >= .zero, overlap <= longestOverlap else {
      throw .invalid(field: "overlap", reason: "must be 0s to 7d")
    }
  }

  /// Whether a key may hold this scope under the configuration.
  static func isKnown(_ scope: String, _ configuration: KernelConfiguration) -> Bool {
    guard ScopeSet.isValid(scope) else { return false }
    if scope.utf8.starts(with: "cardea:".utf8) { return managementScopes.contains(scope) }
    return configuration.availableScopes.isEmpty || configuration.availableScopes.contains(scope)
  }

  package static func scopes(
    _ names: [String], _ configuration: KernelConfiguration
  ) throws(LifecycleError) -> ScopeSet {
    guard names.count <= 256 else {
      throw .invalid(field: "scopes", reason: "must be at most 256 names")
    }
    for name in names where !isKnown(name, configuration) {
      throw .invalid(
        field: "scopes",
        reason: ScopeSet.isValid(name)
          ? "\(name) is not an available scope"
          : "must be names of 1 to 128 bytes of printable ASCII without spaces")
    }
    return ScopeSet(names)
  }

  /// The moment that `expiry` means for a new key (`standard` follows the configuration).
  package static func moment(
    of expiry: Expiry, at now: Timestamp, _ configuration: KernelConfiguration, by actor: Actor
  ) throws(LifecycleError) -> Timestamp? {
    let wanted: Timestamp?
    let field = if case .at = expiry { "expires_at" } else { "expires_in" }
    let furthest = now.adding(longestLife) ?? .latest
    switch expiry {
    case .standard:
      let standard = configuration.defaultExpiry.map { now.adding($0) ?? .latest }
      guard case .limited(_, let own?) = actor.authority else { return standard }
      return min(standard ?? furthest, own)
    case .never: wanted = nil
    case .after(let duration):
      guard duration > .zero else {
        throw .invalid(field: "expires_in", reason: "must be longer than 0")
      }
      guard duration <= longestLife, let moment = now.adding(duration) else {
        throw .invalid(field: "expires_in", reason: tooFar)
      }
      wanted = moment
    case .at(let moment):
      guard moment > now else {
        throw .invalid(field: "expires_at", reason: "must lie in the future")
      }
      guard moment <= furthest else { throw .invalid(field: "expires_at", reason: tooFar) }
      wanted = moment
    }
    guard reaches(wanted, actor) else {
      throw .invalid(
        field: field, reason: "must not be later than the acting key's own expiry")
    }
    return wanted
  }

  private static let tooFar =
    "must be at most 36500 days ahead; a key that never expires has expires_in never"

  private static func reaches(_ expiry: Timestamp?, _ actor: Actor) -> Bool {
    guard case .limited(_, let own?) = actor.authority else { return true }
    return expiry.map { $0 <= own } ?? false
  }

  /// Whether an actor may give these scopes to a key.
  package static func checkGrant(_ scopes: ScopeSet, by actor: Actor) throws(LifecycleError) {
    guard case .limited(let own, _) = actor.authority else { return }
    if let missing = scopes.names.first(where: { !own.covers([$0]) }) {
      throw .beyondActor("the scope \(missing) is not among it")
    }
  }

  /// What reaches every key of an owner, whatever their scopes, is for `cardea:admin` and the host only.
  package static func checkUnlimited(_ actor: Actor, _ deed: String) throws(LifecycleError) {
    guard case .unlimited = actor.authority, actor.ownerID == nil else {
      throw .beyondActor("\(deed) needs \(ScopeSet.admin)")
    }
  }

  /// Whether an actor may hand out a new token of a key, or decide which of two goes on. Where it is confined to its
  /// owner's keys, more is asked of a key: nobody who manages keys has said what it may hand out.
  package static func checkHandOut(
    _ key: KeyRecord, by actor: Actor
  ) throws(LifecycleError) {
    try checkReach(key, by: actor)
    guard actor.ownerID != nil, let own = actor.standing else { return }
    if key.id == actor.keyID {
      // Whoever holds the token that is on its way out must not put an end to the one that takes its place.
      guard key.secrets.last?.id == own.secretID else {
        throw .beyondActor("the key has a newer token; come with that one")
      }
    } else if case .limited = actor.authority {
      guard key.keyClass == own.keyClass, key.metadata == own.metadata else {
        throw .beyondActor(
          "the key's class or metadata, which limits go by, are not those of the acting key")
      }
    }
  }

  /// Whether an actor may do something to a key. Ending a key (`includingExpiry: false`) asks for its scopes
  /// only, so that a short-lived key can still put a stop to a longer-lived one; of an owner in person for nothing. A
  /// key with `cardea:admin` is for `cardea:admin` alone.
  package static func checkReach(
    _ key: KeyRecord, by actor: Actor, includingExpiry: Bool = true
  ) throws(LifecycleError) {
    guard case .limited = actor.authority else { return }
    // Before anything else: who may ask for an owner's link must not outrank an admin by it.
    if key.scopes.isAdmin { throw .beyondActor("the key holds \(ScopeSet.admin)") }
    if !includingExpiry, actor.endsAny { return }
    try checkGrant(key.scopes, by: actor)
    if includingExpiry, !reaches(key.expiresAt, actor) {
      throw .beyondActor("the key expires later than the acting key")
    }
  }
}
