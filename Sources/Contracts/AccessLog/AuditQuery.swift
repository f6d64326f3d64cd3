#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which entries of both logs a listing wants. Every condition that is set must hold.
public struct AuditQuery: Sendable {
  /// Entries about this key.
  public var keyID: UUID?
  /// Entries about the key of this prefix.
  public var prefix: String?
  /// The owner's name.
  public var owner: String?
  /// The name of a signal: `user_logged_in`, `key_revoked`.
  public var action: String?
  /// With a `*` at its end, everything that begins so.
  public var path: String?
  public var method: String?
  /// Requests whose verdict means this HTTP status.
  public var status: Int?
  /// Requests from this address, as the log spells it.
  public var address: String?
  /// With a `*` at its end, everything that begins so.
  public var userAgent: String?
  /// Inclusive.
  public var since: Timestamp?
  /// Exclusive.
  public var until: Timestamp?
  /// Where the page before ended.
  public var cursor: AuditCursor?
  /// `false` for those who follow the log as it grows.
  public var newestFirst = true
  /// 1 to 1,000 entries a page.
  public var limit: Int

  public init(limit: Int = 100) { self.limit = min(max(limit, 1), 1_000) }

  /// Whether it asks for what only authentications have.
  package var isAboutRequests: Bool {
    path != nil || method != nil || status != nil || address != nil || userAgent != nil
  }

  package func filter(_ number: Int64?) -> LogFilter {
    var filter = LogFilter(limit: limit + 1)
    filter.keyID = keyID
    filter.prefix = prefix
    filter.actions = action.map { [$0] }
    filter.since = since
    filter.until = until
    filter.newestFirst = newestFirst
    if newestFirst { filter.before = number } else { filter.after = number }
    return filter
  }

  /// The fields of an access entry as its payload spells them.
  package var payloadParts: [[UInt8]] {
    [
      AuditQuery.part("owner", owner), AuditQuery.part("path", path, mayBegin: true),
      AuditQuery.part("method", method), AuditQuery.part("address", address),
      AuditQuery.part("user_agent", userAgent, mayBegin: true),
    ].compactMap(\.self)
  }

  private static func part(
    _ name: StaticString, _ value: String?, mayBegin: Bool = false
  ) -> [UInt8]? {
    guard let value else { return nil }
    // A brace stands before it, so that no comma does.
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    let begins = mayBegin && value.utf8.last == UInt8(ascii: "*")
    LineJSON.append(name, begins ? String(value.dropLast()) : value, to: &bytes)
    if begins { bytes.removeLast() }
    return Array(bytes.dropFirst())
  }
}
