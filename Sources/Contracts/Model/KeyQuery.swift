#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which keys a listing wants, and in which order. Every filter that is set must hold.
public struct KeyQuery: Sendable, Equatable {
  /// Keys of this owner.
  public var ownerID: UUID?
  /// Judged at ``now``.
  public var state: KeyState?
  public var kind: KeyRecord.Kind?
  /// Keys of this class, byte for byte.
  public var keyClass: String?
  /// Keys that hold exactly this scope name.
  public var scope: String?
  /// Keys of which a secret was built in this token format.
  public var format: String?
  /// Inclusive; likewise ``expiresFrom``.
  public var createdFrom: Timestamp?
  /// Exclusive; likewise ``expiresBefore``.
  public var createdBefore: Timestamp?
  public var expiresFrom: Timestamp?
  public var expiresBefore: Timestamp?
  /// Keys whose ``KeyRecord/unusedSince`` lies before this moment.
  public var unusedBefore: Timestamp?
  /// What the prefix begins with, byte for byte.
  public var prefix: String?
  /// Top-level fields of the metadata, each with what it must read: a string, or a number, `true`, `false` or
  /// `null` that is written so (``JSONValue/reads(_:)``).
  public var metadata: [String: String] = [:]
  /// Active keys whose expiry no threshold of so few days or fewer has announced (``KeyRecord/expiryNoticeDays``).
  public var unannouncedDays: Int?
  /// A part of the name, the description or the prefix, without regard to ASCII case.
  public var text: String?
  public var sort = KeySort.newest
  /// Where the page before ended, in the same order; the page starts after it.
  public var after: KeyCursor?
  /// 1 to 1,000 keys a page.
  public var limit: Int
  /// The moment against which `state` is judged.
  public var now: Timestamp

  public init(now: Timestamp, limit: Int = 100) {
    self.now = now
    self.limit = min(max(limit, 1), 1_000)
  }
}

extension KeyQuery {
  /// Whether every filter that is set holds for a key. Texts are compared byte by byte.
  public func takes(_ key: KeyRecord) -> Bool {
    if let ownerID, key.ownerID != ownerID { return false }
    if let state, key.state(at: now) != state { return false }
    if let kind, key.kind != kind { return false }
    if let keyClass, !keyClass.utf8.elementsEqual(key.keyClass.utf8) { return false }
    if let scope, !key.scopes.names.contains(where: { $0.utf8.elementsEqual(scope.utf8) }) {
      return false
    }
    if let format, !key.secrets.contains(where: { $0.format.utf8.elementsEqual(format.utf8) }) {
      return false
    }
    if let createdFrom, key.createdAt < createdFrom { return false }
    if let createdBefore, key.createdAt >= createdBefore { return false }
    if expiresFrom != nil || expiresBefore != nil {
      guard let expiresAt = key.expiresAt else { return false }
      if let expiresFrom, expiresAt < expiresFrom { return false }
      if let expiresBefore, expiresAt >= expiresBefore { return false }
    }
    if let unusedBefore, key.unusedSince >= unusedBefore { return false }
    if let prefix, !key.prefix.utf8.starts(with: prefix.utf8) { return false }
    if let unannouncedDays {
      guard key.status == .active, key.expiresAt != nil,
        key.expiryNoticeDays.map({ $0 > unannouncedDays }) ?? true
      else { return false }
    }
    return takes(metadata: key.metadata) && takes(textOf: key)
  }

  private func takes(metadata values: [String: JSONValue]) -> Bool {
    metadata.allSatisfy { field, text in
      values.contains { $0.key.utf8.elementsEqual(field.utf8) && $0.value.reads(text) }
    }
  }

  private func takes(textOf key: KeyRecord) -> Bool {
    guard let text else { return true }
    let needle = text.utf8.map(\.asciiLowered)
    return [key.name, key.description, key.prefix].contains {
      needle.isEmpty || $0.utf8.map(\.asciiLowered).contains(needle)
    }
  }
}
