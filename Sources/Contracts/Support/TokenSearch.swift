/// Looks for tokens in bytes, word by word.
struct TokenSearch {
  /// The shortest secret that a token may have.
  static let secretLength = 16

  /// In the order of the text.
  private(set) var found: [Range<Int>] = []
  private let bytes: UnsafeBufferPointer<UInt8>
  private let formats: [any TokenFormat]
  private let unchecked: TokenRedaction.Unchecked
  /// How many more beginnings may be tried. A text that is made to take long has its words taken
  /// for tokens unseen.
  private var attempts = 256

  init(
    _ bytes: UnsafeBufferPointer<UInt8>, _ formats: [any TokenFormat],
    _ unchecked: TokenRedaction.Unchecked
  ) {
    self.bytes = bytes
    self.formats = formats
    self.unchecked = unchecked
  }

  mutating func run() {
    var start = 0
    while start < bytes.count {
      var end = start
      while end < bytes.count, !TokenSearch.divides(bytes[end]) { end += 1 }
      look(at: start..<end)
      start = end + 1
    }
  }

  private mutating func look(at word: Range<Int>) {
    guard word.count > TokenSearch.secretLength, TokenSearch.holdsRun(bytes, word) else { return }
    let trimmed = trimmed(word)
    if trimmed.count <= Candidate.capacity, isToken(trimmed, isWord: true) {
      return found.append(trimmed)
    }
    var (rest, next) = (word.lowerBound, word.lowerBound)
    while let secret = secret(in: next..<word.upperBound) {
      if attempts <= 0 { return found.append(rest..<word.upperBound) }
      next = secret.upperBound
      guard let begin = beginning(of: secret, notBefore: rest) else { continue }
      found.append(begin..<next)
      rest = next
    }
  }

  /// Where the token begins of which these bytes are, or end, the secret.
  private mutating func beginning(of secret: Range<Int>, notBefore first: Int) -> Int? {
    if isBehindPrefix(secret.lowerBound, notBefore: first) { return first }
    // From the nearest: a token has one beginning, but what stands before it may be like a namespace.
    var begin = secret.lowerBound
    while begin >= first, secret.upperBound - begin <= Candidate.capacity {
      if isBoundary(begin, first) {
        attempts -= 1
        if isToken(begin..<secret.upperBound, isWord: false) { return begin }
        if attempts <= 0 { return first }
      }
      begin -= 1
    }
    return nil
  }

  /// Whether `<namespace>_<identifier>:` ends there.
  private func isBehindPrefix(_ place: Int, notBefore first: Int) -> Bool {
    guard place > first, bytes[place - 1] == UInt8(ascii: ":") else { return false }
    var begin = place - 1
    while begin > first, TokenSearch.isAlphanumeric(bytes[begin - 1]) { begin -= 1 }
    return begin < place - 1 && begin > first && bytes[begin - 1] == UInt8(ascii: "_")
  }

  /// Whether a token may begin here: behind what is no letter or digit, and behind an escape (`\n`).
  private func isBoundary(_ place: Int, _ first: Int) -> Bool {
    guard place > first, TokenSearch.isAlphanumeric(bytes[place - 1]) else { return true }
    return place > 1 && bytes[place - 2] == UInt8(ascii: "\\")
  }

  private func isToken(_ range: Range<Int>, isWord: Bool) -> Bool {
    let isClear = isWord && unchecked == .token
    for format in formats {
      guard let parsed = format.parse(bytes.span.extracting(range)) else { continue }
      if isClear || isChecked(range, by: format) { return true }
      // Without a checksum shape alone speaks, and names have that shape too.
      guard unchecked != .noToken, parsed.fits(range.count) else { continue }
      let first = range.lowerBound + parsed.secret.lowerBound
      if looksRandom(first..<(first + parsed.secret.count)) { return true }
    }
    return false
  }

  /// Whether the format would notice if the last character were another.
  private func isChecked(_ range: Range<Int>, by format: any TokenFormat) -> Bool {
    var other = Array(bytes[range])
    guard let last = other.popLast() else { return false }
    let base: UInt8 =
      switch last {
      case 0x30...0x39: 0x30
      case 0x41...0x5A: 0x41
      default: 0x61
      }
    other.append(last == base ? base + 1 : base)
    return format.parse(other.span) == nil
  }

  /// Whether there are digits and letters of both cases.
  private func looksRandom(_ range: Range<Int>) -> Bool {
    bytes[range].contains { $0 >= 0x30 && $0 <= 0x39 }
      && bytes[range].contains { $0 >= 0x41 && $0 <= 0x5A }
      && bytes[range].contains { $0 >= 0x61 && $0 <= 0x7A }
  }

  /// Without what ends a sentence.
  private func trimmed(_ word: Range<Int>) -> Range<Int> {
    var (start, end) = (word.lowerBound, word.upperBound)
    while start < end, TokenSearch.isPunctuation(bytes[start]) { start += 1 }
    while start < end, TokenSearch.isPunctuation(bytes[end - 1]) { end -= 1 }
    return start..<end
  }

  // MARK: Runs

  /// The first run of letters and digits that is long enough for a secret.
  private func secret(in range: Range<Int>) -> Range<Int>? {
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start
      while end < range.upperBound, TokenSearch.isAlphanumeric(bytes[end]) { end += 1 }
      if end - start >= TokenSearch.secretLength { return start..<end }
      start = end + 1
    }
    return nil
  }

  /// Whether so many bytes that may be part of a secret, or of its percent-encoding, stand side by side. Some formats
  /// have `-` and `_` in their alphabets.
  @inline(__always)
  static func holdsRun(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    // A run of that length has a byte at one of these places.
    var place = range.lowerBound + secretLength - 1
    while place < range.upperBound {
      var end = place
      var start = place
      if isOfRun(bytes[place]) {
        while start > range.lowerBound, place - start < secretLength, isOfRun(bytes[start - 1]) {
          start -= 1
        }
        while end < range.upperBound, end - start < secretLength, isOfRun(bytes[end]) { end += 1 }
        if end - start >= secretLength { return true }
      }
      // No run goes through `end`.
      place = end + secretLength
    }
    return false
  }

  @inline(__always)
  private static func isOfRun(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "%")
  }

  @inline(__always)
  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
  }

  /// What no token holds that is likely to be met: blanks, control characters, quotes and brackets, what divides URLs,
  /// and everything beyond ASCII.
  private static func divides(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7F...0xFF: true
    case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "&"), UInt8(ascii: "="),
      UInt8(ascii: ";"), UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "'"),
      UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"),
      UInt8(ascii: "#"), UInt8(ascii: "`"), UInt8(ascii: "["), UInt8(ascii: "]"),
      UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "|"):
      true
    default: false
    }
  }

  private static func isPunctuation(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "!")
  }
}
