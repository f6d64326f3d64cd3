import CardeaContracts

/// A request's path, read as the services behind a proxy may read it.
///
/// Policies compare paths with those that an operator wrote. A path that could mean another one to whoever
/// serves it has no reading here: with dot segments or empty segments, with an encoded slash, backslash,
/// percent sign, NUL or control character, with a backslash, or with broken percent-encoding. Else it is
/// percent-decoded once.
struct RequestPath: Sendable {
  /// The decoded bytes.
  let bytes: [UInt8]

  /// `nil` if the path is unknown (empty), relative, or has no single reading.
  init?(_ path: String) {
    guard path.utf8.first == RequestPath.slash else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(path.utf8.count)
    var rest = path.utf8.makeIterator()
    while let byte = rest.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.next().flatMap(Hex.anyCase),
        let low = rest.next().flatMap(Hex.anyCase)
      else { return nil }
      let decoded = high << 4 | low
      if decoded == RequestPath.slash || decoded == UInt8(ascii: "%") { return nil }
      bytes.append(decoded)
    }
    guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
      return nil
    }
    let segments = bytes.dropFirst().split(
      separator: RequestPath.slash, omittingEmptySubsequences: false)
    for (index, segment) in segments.enumerated() {
      // Some servers cut a segment at its semicolon before they look for dots.
      let name = segment.prefix { $0 != UInt8(ascii: ";") }
      if name.elementsEqual([0x2E]) || name.elementsEqual([0x2E, 0x2E]) { return nil }
      if segment.isEmpty, index != segments.count - 1 { return nil }
    }
    self.bytes = bytes
  }

  /// Whether this is `prefix` or lies below it: `/orders` holds `/orders` and `/orders/1`, not `/orders2`.
  func isBelow(_ prefix: RequestPath) -> Bool {
    guard bytes.starts(with: prefix.bytes) else { return false }
    return bytes.count == prefix.bytes.count || prefix.bytes.last == RequestPath.slash
      || bytes[prefix.bytes.count] == RequestPath.slash
  }

  private static let slash = UInt8(ascii: "/")
}
