/// CRC-32 as zlib, Ethernet (IEEE 802.3) and PNG compute it: reflected polynomial 0xEDB88320,
/// initial value and final exclusive-or 0xFFFFFFFF.
///
/// It finds typing errors; it proves nothing about who wrote the text.
///
/// Threading: any thread. Allocates nothing after the first call.
package enum CRC32 {
  /// Eight tables of 256 entries: entry `256 * n + byte` is the contribution of a byte that is
  /// followed by `n` others in its group of eight.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = (value >> 1) ^ (value & 1 == 0 ? 0 : 0xEDB8_8320) }
      tables[byte] = value
    }
    for index in 256..<tables.count {
      let value = tables[index - 256]
      tables[index] = (value >> 8) ^ tables[Int(value & 0xFF)]
    }
    return tables
  }()

  /// The checksum of all of `bytes`, eight at a time as long as there are eight.
  package static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
    let tables = tables
    var value: UInt32 = 0xFFFF_FFFF
    var index = 0
    while index + 8 <= bytes.count {
      let low = value ^ word(bytes, at: index)
      let high = word(bytes, at: index + 4)
      value = tables[1792 + Int(low & 0xFF)] ^ tables[1536 + Int((low >> 8) & 0xFF)]
      value ^= tables[1280 + Int((low >> 16) & 0xFF)] ^ tables[1024 + Int(low >> 24)]
      value ^= tables[768 + Int(high & 0xFF)] ^ tables[512 + Int((high >> 8) & 0xFF)]
      value ^= tables[256 + Int((high >> 16) & 0xFF)] ^ tables[Int(high >> 24)]
      index += 8
    }
    while index < bytes.count {
      value = (value >> 8) ^ tables[Int((value ^ UInt32(bytes[index])) & 0xFF)]
      index += 1
    }
    return value ^ 0xFFFF_FFFF
  }

  /// Four bytes, the first the least significant.
  @inline(__always)
  private static func word(_ bytes: Span<UInt8>, at index: Int) -> UInt32 {
    UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
      | UInt32(bytes[index + 3]) << 24
  }
}
