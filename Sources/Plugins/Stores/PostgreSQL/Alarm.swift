#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Ends another thread's wait for a socket: a pipe whose end it waits for too.
///
/// Threading: ``ring()`` from any thread; the rest by whoever waits.
final class Alarm: Sendable {
  private let reading: Int32
  private let writing: Int32

  /// `nil` if the process has no file descriptors left.
  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    (reading, writing) = (ends[0], ends[1])
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
  }

  deinit {
    close(reading)
    close(writing)
  }

  func ring() {
    var byte: UInt8 = 0
    // A full pipe rings already.
    _ = write(writing, &byte, 1)
  }

  /// Waits until the socket is ready, the alarm rings, or the time has passed.
  /// - Parameter milliseconds: -1 is for ever.
  /// - Returns: whether the socket has something, or takes something.
  func wait(for socket: Int32, isWriting: Bool, milliseconds: Int32) -> Bool {
    var waits = [
      pollfd(fd: socket, events: Int16(isWriting ? POLLIN | POLLOUT : POLLIN), revents: 0),
      pollfd(fd: reading, events: Int16(POLLIN), revents: 0),
    ]
    guard poll(&waits, 2, milliseconds) > 0 else { return false }
    if waits[1].revents != 0 {
      var bytes = [UInt8](repeating: 0, count: 64)
      while read(reading, &bytes, bytes.count) == bytes.count {}
    }
    return waits[0].revents != 0
  }
}
