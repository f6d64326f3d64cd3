import CardeaKernel

/// Takes tokens out of texts that another system wrote down: a path, a user agent.
struct TokenRedaction {
  private let formats: [any TokenFormat]

  /// - Parameter formats: those whose tokens have a shape to be known by.
  init(_ formats: [any TokenFormat]) {
    self.formats = formats.filter { !($0 is any CatchAllFormat) }
  }

  /// The text with `<token>` in place of each token, at most `limit` bytes of it.
  func text(_ text: String, limit: Int) -> String {
    var result = ""
    for word in text.split(omittingEmptySubsequences: false, whereSeparator: TokenRedaction.divides)
    {
      if !result.isEmpty || word.startIndex > text.startIndex {
        result.append(text[text.index(before: word.startIndex)])
      }
      result += isToken(word) ? "<token>" : word
    }
    while result.utf8.count > limit { result.removeLast() }
    return result
  }

  private static func divides(_ character: Character) -> Bool {
    character.isWhitespace || "/?&=;,\"'()<>#".contains(character)
  }

  /// Whether a format reads it, or most of a secret stands behind its last colon: a token that was cut or
  /// mistyped still tells what is to be guessed.
  private func isToken(_ word: Substring) -> Bool {
    let bytes = TokenRedaction.decoded(word.utf8)
    if formats.contains(where: { $0.parse(bytes.span) != nil }) { return true }
    guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")) else { return false }
    let tail = bytes[(colon + 1)...]
    return tail.count >= 16
      && tail.allSatisfy { byte in
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
      }
  }

  /// Percent-encoding undone (RFC 3986, section 2.1); what is no encoding stays.
  private static func decoded(_ text: Substring.UTF8View) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self).lowercased()
      if byte == UInt8(ascii: "%"), let value = Hex.bytes(digits)?.first {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }
}
