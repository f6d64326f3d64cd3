import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Speaks HTTP/1.1 over a plain socket, one connection per request, so that tests see every byte
/// and can send what no HTTP library would.
///
/// Each call blocks a thread of its own, never one of Swift's pool, on which the server may run.
public struct HTTPClient: Sendable {
  public let port: Int
  private let source: String?
  private let closesItsHalf: Bool

  /// - Parameters:
  ///   - port: on 127.0.0.1.
  ///   - source: the client's own address; on Linux every one in 127.0.0.0/8 is there.
  ///   - closesItsHalf: whether the end of a request is the end of what the client sends, too. A
  ///     proxy takes that for a client that has gone.
  public init(port: Int, source: String? = nil, closesItsHalf: Bool = true) {
    self.port = port
    self.source = source
    self.closesItsHalf = closesItsHalf
  }

  /// Sends one request and reads the answer.
  public func request(
    _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) async throws -> HTTPAnswer {
    var head = "\(method) \(target) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    let bytes = try await raw(Array((head + "\r\n").utf8) + (body ?? []))
    return try HTTPAnswer(bytes)
  }

  /// Sends a JSON text with a token.
  public func json(
    _ method: String, _ target: String, token: String? = nil, _ json: String? = nil,
    headers: [(String, String)] = []
  ) async throws -> HTTPAnswer {
    var headers = headers
    if let token { headers.append(("X-API-Key", token)) }
    if json != nil { headers.append(("Content-Type", "application/json")) }
    return try await request(method, target, headers: headers, body: json.map { Array($0.utf8) })
  }

  /// Sends these bytes and nothing after them, and returns everything that comes until the other
  /// end closes; at most 10 seconds of silence, or 60 with the client's half left open.
  public func raw(_ bytes: [UInt8]) async throws -> [UInt8] {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { [self] in
        continuation.resume(with: Result { try exchange(bytes) })
      }
    }
  }

  private func exchange(_ bytes: [UInt8]) throws -> [UInt8] {
    #if canImport(Glibc)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { throw HTTPClientError.system("socket", errno) }
    defer { close(descriptor) }
    // Who keeps its half open is answered by the other end's own time limits.
    var patience = timeval(tv_sec: closesItsHalf ? 10 : 60, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    if let source {
      var own = HTTPClient.address(source, port: 0)
      let isBound = withUnsafePointer(to: &own) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
      }
      guard isBound == 0 else { throw HTTPClientError.system("bind", errno) }
    }
    var address = HTTPClient.address("127.0.0.1", port: port)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard connected == 0 else { throw HTTPClientError.system("connect", errno) }
    var sent = 0
    while sent < bytes.count {
      #if canImport(Darwin)
        let flags: Int32 = 0
      #else
        let flags = Int32(MSG_NOSIGNAL)
      #endif
      let count = bytes.withUnsafeBytes { buffer in
        send(descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, flags)
      }
      // The server may answer and close before it has read everything: what it said still counts.
      guard count > 0 else { break }
      sent += count
    }
    if closesItsHalf { shutdown(descriptor, Int32(SHUT_WR)) }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      answer += buffer[0..<count]
    }
    return answer
  }

  static func address(_ host: String, port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    inet_pton(AF_INET, host, &address.sin_addr)
    return address
  }
}

/// Why the client got no answer that it could read.
public enum HTTPClientError: Error {
  case system(String, Int32)
  case unreadable(String)
}
