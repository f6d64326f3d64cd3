import Dispatch
import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A client of server-sent events on a plain socket, which takes what comes only when asked.
///
/// Each call blocks a thread of its own, never one of Swift's pool. Silence of two minutes is an error.
// @unchecked: everything is touched on the one queue only.
public final class EventStream: @unchecked Sendable {
  public struct Event: Sendable, Equatable {
    public let id: String
    public let name: String
    public let data: String

    /// The data as a JSON object; empty if it is none.
    public var json: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(data.utf8))) as? [String: Any] ?? [:]
    }
  }

  /// What stands between two empty lines.
  public enum Block: Sendable, Equatable {
    case event(Event)
    /// No data: a comment, or the id alone.
    case beat(id: String)
  }

  private let descriptor: Int32
  private let queue = DispatchQueue(label: "test.events")
  private var raw: [UInt8] = []
  private var body: [UInt8] = []
  private var isOver = false
  private var lastID = ""
  /// Head and, unless it is a stream, body.
  private var head: HTTPAnswer?

  /// Connects and asks; what is answered is read by ``answer()``.
  /// - Parameters:
  ///   - window: the bytes of the receive buffer, for a client that is soon full.
  ///   - headers: more of them.
  public init(
    port: Int, _ target: String = "/v1/signals", host: String = "test", token: String? = nil,
    after: String? = nil, window: Int32? = nil, headers: [(String, String)] = []
  ) throws {
    #if canImport(Glibc)
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { throw HTTPClientError.system("socket", errno) }
    if var window {
      setsockopt(
        descriptor, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<Int32>.size))
    }
    var patience = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = HTTPClient.address("127.0.0.1", port: port)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw HTTPClientError.system("connect", errno) }
    var request = "GET \(target) HTTP/1.1\r\nHost: \(host)\r\n"
    if let token { request += "X-API-Key: \(token)\r\n" }
    for (name, value) in headers { request += "\(name): \(value)\r\n" }
    if let after { request += "Last-Event-ID: \(after)\r\n" }
    let bytes = Array((request + "\r\n").utf8)
    #if canImport(Darwin)
      let flags: Int32 = 0
    #else
      let flags = Int32(MSG_NOSIGNAL)
    #endif
    guard send(descriptor, bytes, bytes.count, flags) == bytes.count else {
      throw HTTPClientError.system("send", errno)
    }
  }

  deinit { close(descriptor) }

  /// Hangs up; a call that is under way ends.
  public func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// The head of the answer, with the body if it is no stream.
  public func answer() async throws -> HTTPAnswer { try await onQueue { try self.readHead() } }

  /// The next event; `nil` at the stream's end.
  public func next() async throws -> Event? {
    try await onQueue {
      while let block = try self.readBlock() {
        if case .event(let event) = block { return event }
      }
      return nil
    }
  }

  /// The next events, fewer if the stream ends before.
  public func next(_ count: Int) async throws -> [Event] {
    var events: [Event] = []
    while events.count < count, let event = try await next() { events.append(event) }
    return events
  }

  public func nextBlock() async throws -> Block? { try await onQueue { try self.readBlock() } }

  private func onQueue<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Swift.Result { try body() }) }
    }
  }

  // MARK: On the queue

  /// `false` at the connection's end.
  private func receive() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count < 0, errno == EAGAIN || errno == EWOULDBLOCK {
      throw HTTPClientError.system("recv", errno)
    }
    raw += buffer[..<max(0, count)]
    return count > 0
  }

  private func readHead() throws -> HTTPAnswer {
    if let head { return head }
    var end = raw.firstRange(of: Array("\r\n\r\n".utf8))
    while end == nil {
      guard try receive() else { throw HTTPClientError.unreadable("no head") }
      end = raw.firstRange(of: Array("\r\n\r\n".utf8))
    }
    guard let end else { throw HTTPClientError.unreadable("no head") }
    var answer = try HTTPAnswer(Array(raw[..<end.upperBound]))
    if let length = answer.field("content-length").flatMap({ Int($0) }) {
      while raw.count < end.upperBound + length, try receive() {}
      answer = try HTTPAnswer(raw)
    }
    raw.removeFirst(end.upperBound)
    head = answer
    return answer
  }

  private func readBlock() throws -> Block? {
    _ = try readHead()
    while true {
      if let end = body.firstRange(of: Array("\n\n".utf8)) {
        let text = String(decoding: body[..<end.lowerBound], as: UTF8.self)
        body.removeFirst(end.upperBound)
        return block(text)
      }
      if try !readChunk() { return nil }
    }
  }

  private func block(_ text: String) -> Block {
    var name = "message"
    var data: [String] = []
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
      switch parts[0] {
      case "id": lastID = String(value)
      case "event": name = String(value)
      case "data": data.append(String(value))
      default: continue
      }
    }
    if data.isEmpty { return .beat(id: lastID) }
    return .event(Event(id: lastID, name: name, data: data.joined(separator: "\n")))
  }

  /// Moves one chunk to the body (RFC 9112, section 7.1); `false` at the end.
  private func readChunk() throws -> Bool {
    while !isOver {
      if let line = raw.firstRange(of: Array("\r\n".utf8)) {
        let size = Int(String(decoding: raw[..<line.lowerBound], as: UTF8.self), radix: 16)
        guard let size else { throw HTTPClientError.unreadable("no chunk") }
        if raw.count >= line.upperBound + size + 2 {
          body += raw[line.upperBound..<(line.upperBound + size)]
          raw.removeFirst(line.upperBound + size + 2)
          if size == 0 { isOver = true }
          return size > 0
        }
      }
      // A connection that is cut has no last chunk, and is an end all the same.
      if try !receive() { isOver = true }
    }
    return false
  }
}
