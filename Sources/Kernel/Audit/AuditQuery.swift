#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which entries of both logs a listing wants. Every condition that is set must hold.
public struct AuditQuery: Sendable {
  public var keyID: UUID?
  public var prefix: String?
  /// The owner's name.
  public var owner: String?
  /// The name of a signal: `user_logged_in`, `key_revoked`.
  public var action: String?
  /// With a `*` at its end, everything that begins so.
  public var path: String?
  public var method: String?
  public var status: Int?
  public var address: String?
  /// With a `*` at its end, everything that begins so.
  public var userAgent: String?
  public var since: Timestamp?
  /// Exclusive.
  public var until: Timestamp?
  public var cursor: AuditCursor?
  public var newestFirst = true
  public var limit: Int

  public init(limit: Int = 100) { self.limit = min(max(limit, 1), 1_000) }

  /// Whether it asks for what only authentications have.
  var isAboutRequests: Bool {
    path != nil || method != nil || status != nil || address != nil || userAgent != nil
  }

  func filter(_ number: Int64?) -> LogFilter {
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
  var payloadParts: [[UInt8]] {
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

/// Where a page of both logs ended. Opaque to those who only hand it back.
public struct AuditCursor: Sendable, Equatable {
  /// The number of the last entry given out of each log; `nil` if none was.
  let signals: Int64?
  let access: Int64?

  init(signals: Int64?, access: Int64?) {
    self.signals = signals
    self.access = access
  }

  /// `s12.a40`.
  public var text: String {
    "s\(signals.map(String.init) ?? "")" + ".a\(access.map(String.init) ?? "")"
  }

  /// For a listing against the order: the same, with the entries at it.
  public var included: AuditCursor {
    AuditCursor(signals: signals.map { $0 + 1 }, access: access.map { $0 + 1 })
  }

  /// For a listing against the order: what lies before a page that begins here. Of a log that had given nothing out
  /// that is nothing.
  var backwards: AuditCursor {
    AuditCursor(signals: signals.map { $0 - 1 } ?? .max, access: access.map { $0 - 1 } ?? .max)
  }

  /// The cursor of a page that begins where a listing from ``backwards`` ended.
  var forwards: AuditCursor {
    func number(_ end: Int64?) -> Int64? { end.flatMap { $0 == .max ? nil : $0 + 1 } }
    return AuditCursor(signals: number(signals), access: number(access))
  }

  /// `nil` unless it is a cursor's text.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].first == "s", parts[1].first == "a",
      let signals = AuditCursor.number(parts[0].dropFirst()),
      let access = AuditCursor.number(parts[1].dropFirst())
    else { return nil }
    self.signals = signals.value
    self.access = access.value
  }

  private static func number(_ text: Substring) -> (value: Int64?, Void)? {
    if text.isEmpty { return (nil, ()) }
    guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = Int64(text),
      value < Int64.max
    else {
      return nil
    }
    return (value, ())
  }
}

/// An entry of either log.
public enum AuditItem: Sendable {
  case access(AccessEntry)
  case signal(LogEntry)

  public var at: Timestamp {
    switch self {
    case .access(let entry): entry.at
    case .signal(let entry): entry.at
    }
  }
}

/// One page of both logs.
public struct AuditPage: Sendable {
  public let items: [AuditItem]
  /// Where the next page goes on; `nil` if this was the last.
  public let next: AuditCursor?
  /// Where to go on even if this was the last page: for those who wait for more.
  public let end: AuditCursor
}
