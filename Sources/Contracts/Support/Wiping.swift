#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension UnsafeMutableRawBufferPointer {
  /// Zeros the memory, by a call that the compiler does not leave out.
  package func wipe() {
    guard let baseAddress else { return }
    #if canImport(Darwin)
      memset_s(baseAddress, count, 0, count)
    #else
      explicit_bzero(baseAddress, count)
    #endif
  }
}

extension [UInt8] {
  /// Zeros the bytes. Only where no copy shares them.
  package mutating func wipe() { withUnsafeMutableBytes { $0.wipe() } }
}
