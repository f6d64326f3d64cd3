import Foundation

/// A connection to this machine that is asked one request after the other.
final class Connection {
  private let descriptor: Int32

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw TimingFault(text: "nobody listens on port \(port)") }
    var on: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) throws {
    guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw TimingFault(text: "the connection is closed")
    }
  }

  /// The status of the next answer, once all of it is there. Its body has a `Content-Length`.
  func status() throws -> Int {
    var answer: [UInt8] = []
    while true {
      let more = [UInt8](unsafeUninitializedCapacity: 8_192) { buffer, count in
        count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
      }
      if more.isEmpty { throw TimingFault(text: "the connection is closed") }
      answer += more
      let text = String(decoding: answer, as: UTF8.self)
      guard let end = text.utf8.firstRange(of: "\r\n\r\n".utf8) else { continue }
      let length = text[..<end.lowerBound].lowercased().split(separator: "\r\n")
        .first { $0.hasPrefix("content-length:") }
      let body = length.flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
      if text.utf8[end.upperBound...].count >= body {
        return Int(text.split(separator: " ")[1]) ?? 0
      }
    }
  }
}
