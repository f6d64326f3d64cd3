/// What a client may write into any field to break a line, a format or a terminal.
enum HostileText {
  static let all = [
    "a\nb", "a\r\nb", "a\u{0}b", "\"},{\"", "\u{1b}[2J", "\u{202e}abc", "\u{2028}", "'; --",
    "\\", "\u{1f511}", "%", "-", "", "\u{9b}2J", String(repeating: "x", count: 5_000),
  ]
}
