import CardeaContracts

/// `YYYY-MM-DD HH:MM:SS[.ffffff][+00]`, how Django keeps moments in SQLite and PostgreSQL writes them in UTC.
enum SourceDate {
  /// Parts of a millisecond are dropped: an expiry comes up to one millisecond early, never late.
  static func parse(_ text: String) -> Timestamp? {
    var bytes = Array(text.utf8)
    for zone in ["+00:00", "+00", "Z"] where bytes.reversed().starts(with: zone.utf8.reversed()) {
      bytes.removeLast(zone.utf8.count)
      break
    }
    guard bytes.count >= 19, bytes[10] == UInt8(ascii: " ") || bytes[10] == UInt8(ascii: "T") else {
      return nil
    }
    bytes[10] = UInt8(ascii: "T")
    var fraction = bytes[19...]
    if fraction.isEmpty {
      return Timestamp(rfc3339: String(decoding: bytes + [0x5A], as: UTF8.self))
    }
    guard fraction.removeFirst() == UInt8(ascii: "."), (1...9).contains(fraction.count),
      fraction.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
    else { return nil }
    let digits = (Array(fraction) + [0x30, 0x30]).prefix(3)
    let written = bytes[..<19] + [UInt8(ascii: ".")] + digits + [UInt8(ascii: "Z")]
    return Timestamp(rfc3339: String(decoding: written, as: UTF8.self))
  }
}
