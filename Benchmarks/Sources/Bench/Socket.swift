import BenchSupport
import Foundation

/// A TCP connection to this machine. Blocking unless made otherwise.
final class Socket {
  let descriptor: Int32

  /// `nil` if nobody listens.
  init?(port: Int) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return nil }
    var on: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func write(_ text: String) -> Bool {
    text.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
      == text.utf8.count
  }

  /// What has come; empty at the end of the connection.
  func read() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
      count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
    }
  }
}

/// An answer as far as it has come. Answers have a `Content-Length`, or no body.
struct Answer {
  private(set) var bytes: [UInt8] = []
  private var end: Int?
  private(set) var bodyStart = 0

  mutating func append(_ more: [UInt8]) {
    bytes += more
    guard end == nil, let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
    bodyStart = head.upperBound
    let text = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).lowercased()
    let length = text.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
    end = bodyStart + (length.flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0)
  }

  var isWhole: Bool { end.map { bytes.count >= $0 } ?? false }
  var status: Int { Int(String(decoding: bytes.prefix(12).suffix(3), as: UTF8.self)) ?? 0 }
  var body: String { String(decoding: bytes[bodyStart...], as: UTF8.self) }
  var head: String { String(decoding: bytes[..<bodyStart], as: UTF8.self) }
}

/// Asks one request after the other on one connection.
struct Client {
  let port: Int
  /// Further lines of every request's head, each with its end.
  let head: String
  private let socket: Socket

  init(port: Int, head: String = "") throws {
    guard let socket = Socket(port: port) else {
      throw BenchError.failed("nobody listens on port \(port)")
    }
    self.port = port
    self.head = head
    self.socket = socket
  }

  func send(_ method: String, _ path: String, _ more: String = "", body: String = "") throws
    -> Answer
  {
    let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
    let sent = socket.write(
      "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(head)\(more)\(length)\r\n\(body)")
    var answer = Answer()
    while sent, !answer.isWhole {
      let more = socket.read()
      if more.isEmpty { break }
      answer.append(more)
    }
    guard answer.isWhole else { throw BenchError.failed("\(path): no whole answer") }
    return answer
  }

  /// Milliseconds from the question to the last byte of the answer, which must be 200.
  func time(_ path: String) throws -> Double {
    let began = ContinuousClock.now
    let answer = try send("GET", path)
    let took = (ContinuousClock.now - began) / .milliseconds(1)
    guard answer.status == 200 else {
      throw BenchError.failed("\(path): \(answer.status) \(answer.body.prefix(200))")
    }
    return took
  }
}
