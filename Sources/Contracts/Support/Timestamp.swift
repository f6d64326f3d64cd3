/// A moment of wall-clock time in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// On the wire it is RFC 3339 in UTC with milliseconds (`2026-11-21T02:13:25.123Z`). The range is years
/// 1 to 9999, so no arithmetic on a valid timestamp and a valid `Duration` can overflow.
public struct Timestamp: Sendable, Hashable, Comparable {
  /// Milliseconds since the Unix epoch.
  public let milliseconds: Int64

  /// 9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can write.
  public static let latest = Timestamp(unchecked: 253_402_300_799_999)
  /// 0001-01-01T00:00:00Z.
  public static let earliest = Timestamp(unchecked: -62_135_596_800_000)

  private init(unchecked milliseconds: Int64) { self.milliseconds = milliseconds }

  /// The moment that many milliseconds after the epoch, held within ``earliest`` and ``latest``.
  public init(milliseconds: Int64) {
    self.milliseconds = min(
      max(milliseconds, Timestamp.earliest.milliseconds), Timestamp.latest.milliseconds)
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// The moment `duration` later, or `nil` past ``latest`` or before ``earliest``.
  public func adding(_ duration: Duration) -> Timestamp? {
    let (result, overflow) = milliseconds.addingReportingOverflow(duration.milliseconds)
    guard !overflow, result <= Timestamp.latest.milliseconds,
      result >= Timestamp.earliest.milliseconds
    else { return nil }
    return Timestamp(unchecked: result)
  }
}

extension Timestamp {
  /// Nanoseconds since the epoch, held to what leaves room for a year more: to the year 2255.
  package var nanoseconds: Int64 { min(max(milliseconds, 0), 9_000_000_000_000) * 1_000_000 }
}

extension Timestamp: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let parsed = Timestamp(rfc3339: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not a time as RFC 3339 writes it")
    }
    self = parsed
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rfc3339)
  }
}

extension Timestamp: CustomStringConvertible {
  public var description: String { rfc3339 }
}
