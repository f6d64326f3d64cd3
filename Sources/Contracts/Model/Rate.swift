/// So many in such a time, as people write it: `100/1m`.
///
/// 1 to 1,000,000 in 1 s to 366 d, and at most one a microsecond.
public struct Rate: Sendable, Hashable {
  /// How many units.
  public let count: Int
  /// In which time they come back.
  public let window: Duration

  private static let longest: Duration = .days(366)

  /// `nil` outside those bounds.
  public init?(_ count: Int, per window: Duration) {
    guard (1...1_000_000).contains(count), window >= .seconds(1), window <= Rate.longest else {
      return nil
    }
    self.count = count
    self.window = window
  }

  /// Reads `COUNT/DURATION`; `nil` if the text is anything else. One value has one spelling of its
  /// count: no sign, no leading zero.
  public init?(_ text: some StringProtocol) {
    let parts = text.utf8.split(
      separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 2, let count = DecimalText.parse(parts[0]),
      let window = DurationText(String(decoding: parts[1], as: UTF8.self))?.duration
    else { return nil }
    self.init(count, per: window)
  }
}

extension Rate: CustomStringConvertible {
  public var description: String { "\(count)/\(DurationText.finite(window))" }
}
