import Foundation

/// One HTTP request on a plain socket: nothing between the question and the answer that would be
/// counted as the server's time.
enum Probe {
  /// The status of `GET` with a token, or `nil` if nobody answers.
  static func status(port: Int, token: String, path: String = "/auth") -> Int? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
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
    let request =
      "GET \(path) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(token)\r\nConnection: close\r\n\r\n"
    guard request.withCString({ send(descriptor, $0, strlen($0), 0) }) == request.utf8.count else {
      return nil
    }
    var answer = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &answer, answer.count, 0)
    guard count > 12 else { return nil }
    return Int(String(decoding: answer[9..<12], as: UTF8.self))
  }

  /// Asks until the answer is 200.
  static func waitFor(port: Int, token: String, path: String = "/auth") throws {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      if status(port: port, token: token, path: path) == 200 { return }
      usleep(500)
    }
    throw BenchError.failed("nothing answers on port \(port)")
  }
}
