import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Who writes to the access log: each has a chain of its own there.
public enum AccessLogNode {
  /// A name that no other node of the access log has: the host's, and 64 random bits.
  public static func newName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, 255)
    let host = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }.filter { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D
    }.prefix(40)
    let random = (0..<8).map { _ in UInt8.random(in: .min ... .max) }
    return String(decoding: host, as: UTF8.self) + "-" + Hex.text(random)
  }
}
