import CardeaTestSupport
import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// TCP on 127.0.0.1.
enum Loopback {
  /// A socket that listens on a free port.
  static func listener() throws -> (descriptor: Int32, port: Int) {
    let (descriptor, port) = try bound()
    guard listen(descriptor, 128) == 0 else {
      let code = errno
      close(descriptor)
      throw HTTPClientError.system("listen", code)
    }
    return (descriptor, port)
  }

  /// A port that was free a moment ago.
  static func freePort() throws -> Int {
    let (descriptor, port) = try bound()
    close(descriptor)
    return port
  }

  private static func bound() throws -> (descriptor: Int32, port: Int) {
    #if canImport(Glibc)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { throw HTTPClientError.system("socket", errno) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard isBound else {
      let code = errno
      close(descriptor)
      throw HTTPClientError.system("bind", code)
    }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  /// Sends these bytes, or as many as the other end takes.
  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    #if canImport(Darwin)
      let flags: Int32 = 0
    #else
      let flags = Int32(MSG_NOSIGNAL)
    #endif
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        send(descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, flags)
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}
