import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Lines on stdout, each by one `write(2)`: no buffer holds what has been acknowledged.
enum Output {
  static func line(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }

  /// `ack PREFIX REVISION STATUS POSITION`, read by the tests.
  static func acknowledge(_ key: KeyRecord, position: Int64) {
    line("ack \(key.prefix) \(key.revision) \(key.status.rawValue) \(position)")
  }
}
