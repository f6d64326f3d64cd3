/// Takes tokens out of texts that somebody else wrote: a path, a user agent, a word on the command line.
///
/// What a format reads as its own is a token: a whole word, or a part of one if the format's checksum vouches for it.
/// So is what stands where the secret of `<prefix>:<secret>` does: a token that was cut or mistyped still tells what is
/// to be guessed. A catch-all claims every word, so its tokens can't be told from other text.
///
/// Threading: any thread.
package struct TokenRedaction: Sendable {
  private let formats: [any TokenFormat]
  private let unchecked: Unchecked

  /// What a whole word is that a format without a checksum reads, and that may be a name or a version as well.
  package enum Unchecked: Sendable {
    case token
    /// A token if it looks random: has digits, and letters of both cases.
    case tokenIfRandom
    case noToken
  }

  /// What stands in a token's place.
  package static let mark = "<token>"

  /// - Parameters:
  ///   - formats: those whose tokens have a shape to be known by.
  ///   - unchecked: what a word is that no checksum vouches for.
  package init(_ formats: [any TokenFormat], unchecked: Unchecked = .token) {
    self.formats = formats.filter { !($0 is any CatchAllFormat) }
    self.unchecked = unchecked
  }

  /// The same, which takes words that no checksum vouches for otherwise.
  package func taking(unchecked: Unchecked) -> TokenRedaction {
    TokenRedaction(formats, unchecked: unchecked)
  }

  /// The text with ``mark`` in place of each token, at most `limit` bytes of it.
  @inline(__always)
  package func text(_ text: String, limit: Int = .max) -> String {
    mayHoldToken(text) || text.utf8.count > limit ? marked(text, limit: limit) : text
  }

  /// Whether there is a token in the text.
  @inline(__always)
  package func holdsToken(_ text: String) -> Bool {
    mayHoldToken(text) && !tokens(in: text).isEmpty
  }

  @inline(never)
  private func marked(_ text: String, limit: Int) -> String {
    let tokens = tokens(in: text)
    var result = text
    if !tokens.isEmpty {
      var bytes: [UInt8] = []
      let all = Array(text.utf8)
      var rest = 0
      for token in tokens {
        bytes += all[rest..<token.lowerBound]
        bytes += TokenRedaction.mark.utf8
        rest = token.upperBound
      }
      bytes += all[rest...]
      result = String(decoding: bytes, as: UTF8.self)
    }
    while result.utf8.count > limit { result.removeLast() }
    return result
  }

  /// Where tokens stand in the text's UTF-8, in its order.
  @inline(never)
  private func tokens(in text: String) -> [Range<Int>] {
    var text = text
    return text.withUTF8 { bytes in
      guard bytes.contains(UInt8(ascii: "%")) else { return search(bytes) }
      let decoded = PercentDecoded(bytes)
      return decoded.bytes.withUnsafeBufferPointer(search).map {
        decoded.places[$0.lowerBound]..<decoded.places[$0.upperBound]
      }
    }
  }

  private func search(_ bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var search = TokenSearch(bytes, formats, unchecked)
    search.run()
    return search.found
  }
}

extension TokenRedaction {
  /// The facts without tokens, as logs and listeners get them.
  @inline(__always)
  package func facts(_ facts: RequestFacts) -> RequestFacts {
    guard
      mayHoldToken(facts.path) || mayHoldToken(facts.method)
        || facts.userAgent.map(mayHoldToken) ?? false
        || facts.requestID.map(mayHoldToken) ?? false
    else { return facts }
    return cleaned(facts)
  }

  @inline(never)
  private func cleaned(_ facts: RequestFacts) -> RequestFacts {
    var facts = facts
    facts.method = text(facts.method)
    facts.path = text(facts.path)
    facts.userAgent = facts.userAgent.map { text($0) }
    facts.requestID = facts.requestID.map { text($0) }
    return facts
  }

  /// Whether it is worth looking for tokens: whether there is a long run of what secrets are made of, and more than one
  /// run's length of text. A few nanoseconds: only every 16th byte is looked at until one may be part of such a run.
  @inline(__always)
  private func mayHoldToken(_ text: String) -> Bool {
    guard text.utf8.count > TokenSearch.secretLength else { return false }
    return text.utf8.withContiguousStorageIfAvailable {
      TokenSearch.holdsRun($0, 0..<$0.count)
    } ?? true
  }
}

/// A text with its percent-encoding undone (RFC 3986, section 2.1); what is no encoding stays.
private struct PercentDecoded {
  private(set) var bytes: [UInt8] = []
  /// Where each byte began, and where the text ends.
  private(set) var places: [Int] = []

  init(_ text: UnsafeBufferPointer<UInt8>) {
    bytes.reserveCapacity(text.count)
    places.reserveCapacity(text.count + 1)
    var place = 0
    while place < text.count {
      places.append(place)
      if text[place] == UInt8(ascii: "%"), place + 2 < text.count,
        let high = Hex.anyCase(text[place + 1]), let low = Hex.anyCase(text[place + 2])
      {
        bytes.append(high << 4 | low)
        place += 3
      } else {
        bytes.append(text[place])
        place += 1
      }
    }
    places.append(place)
  }
}
