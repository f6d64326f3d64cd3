import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// An open file of a spool, of whole lines but for the end of what is being written.
struct SpoolFile: Sendable {
  /// Bytes that are read at a time.
  private static let chunk = 256 << 10

  let descriptor: Int32

  /// Has what was written on disk: 0, or -1 with `errno` set.
  func sync() -> Int32 {
    #if canImport(Darwin)
      fcntl(descriptor, F_FULLFSYNC)
    #else
      fdatasync(descriptor)
    #endif
  }

  /// Cuts off what is behind that many bytes; whether it could.
  func cut(to size: Int) -> Bool { ftruncate(descriptor, off_t(size)) == 0 }

  /// Hands every whole record from `offset` on to `body`, with where it ends, until it has enough; lines that
  /// are none are passed over. Where the last whole line ends.
  /// - Throws: if the file can't be read, which is not its end.
  @discardableResult
  func scan(
    from offset: Int, _ body: (SpooledAccess, _ end: Int) -> Bool
  ) throws(SpoolFault) -> Int {
    var buffer: [UInt8] = []
    var start = offset
    while true {
      var part = [UInt8](repeating: 0, count: SpoolFile.chunk)
      let count = pread(descriptor, &part, SpoolFile.chunk, off_t(start + buffer.count))
      if count < 0 {
        if errno == EINTR { continue }
        throw SpoolFault("a segment can't be read")
      }
      guard count > 0 else { return start }
      buffer.append(contentsOf: part[..<count])
      let (used, goesOn) = buffer.withUnsafeBufferPointer { bytes -> (Int, Bool) in
        var begin = 0
        while let end = bytes[begin...].firstIndex(of: SpoolLine.lineFeed) {
          if let record = SpoolLine.record(UnsafeBufferPointer(rebasing: bytes[begin..<end])),
            !body(record, start + end + 1)
          {
            return (begin, false)
          }
          begin = end + 1
        }
        return (begin, true)
      }
      start += used
      buffer.removeFirst(used)
      if !goesOn { return start }
    }
  }
}
