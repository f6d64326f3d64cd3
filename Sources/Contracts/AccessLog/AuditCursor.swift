/// Where a page of both logs ended. Opaque to those who only hand it back.
public struct AuditCursor: Sendable, Equatable {
  /// The number of the last entry given out of each log; `nil` if none was.
  package let signals: Int64?
  package let access: Int64?

  package init(signals: Int64?, access: Int64?) {
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
  package var backwards: AuditCursor {
    AuditCursor(signals: signals.map { $0 - 1 } ?? .max, access: access.map { $0 - 1 } ?? .max)
  }

  /// The cursor of a page that begins where a listing from ``backwards`` ended.
  package var forwards: AuditCursor {
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
