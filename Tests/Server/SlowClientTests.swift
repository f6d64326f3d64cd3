import Cardea
import CardeaTestSupport
import Foundation
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// F5: clients that take their time hold a connection for a while, and nobody up.
@Suite("slow clients", .serialized)
struct SlowClientTests {
  @Test(arguments: [
    "", "G", "GET /healthz HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nHost: test\r\nX-Slow: ",
    "POST /v1/leaked HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    "POST /v1/leaked HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
  ])
  func whatIsNotFinishedInTimeIsClosedUnanswered(_ text: String) async throws {
    try await ServerRig.run(server: { $0.requestTimeout = .milliseconds(200) }) { rig in
      let client = try TricklingClient(port: rig.client.port)
      let (answer, isClosed) = await client.answer(to: text)
      #expect(isClosed)
      #expect(!answer.contains(" 200 ") && !answer.contains(" 202 "), "\(answer)")
    }
  }

  @Test func aConnectionThatIsKeptIdleIsClosed() async throws {
    try await ServerRig.run(server: { $0.idleTimeout = .milliseconds(200) }) { rig in
      let client = try TricklingClient(port: rig.client.port)
      let (answer, isClosed) = await client.answer(
        to: "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(isClosed)
      #expect(answer.hasPrefix("HTTP/1.1 200"))
    }
  }

  /// The last of a connection, in any spelling and by its version, on the event loop and off it.
  @Test(
    arguments: ["/auth", "/healthz"], ["1.1 close", "1.1 Close", "1.1 keep-alive, CLOSE", "1.0 x"])
  func theLastRequestEndsTheConnection(_ path: String, _ end: String) async throws {
    try await ServerRig.run(server: { $0.idleTimeout = .seconds(600) }) { rig in
      let parts = end.split(separator: " ", maxSplits: 1)
      let token = try await rig.key().token
      let fields = "Host: test\r\nX-API-Key: \(token)\r\n"
      let last = "GET \(path) HTTP/\(parts[0])\r\n\(fields)Connection: \(parts[1])\r\n\r\n"
      let client = try TricklingClient(port: rig.client.port)
      await client.repeats("GET /auth HTTP/1.1\r\n\(fields)\r\n", 1, every: .zero)
      let (text, isClosed) = await client.answer(to: last)
      #expect(isClosed)
      #expect(text.components(separatedBy: "HTTP/1.1 200").count == 3)
    }
  }

  /// What is answered on the event loop is as much of a request as any other.
  @Test func aConnectionThatIsUsedIsKept() async throws {
    try await ServerRig.run(server: { $0.idleTimeout = .seconds(1) }) { rig in
      let client = try TricklingClient(port: rig.client.port)
      let request = "GET /auth HTTP/1.1\r\nHost: test\r\nX-API-Key: \(rig.admin)\r\n\r\n"
      await client.repeats(request, 20, every: .milliseconds(100))
      let (answers, isClosed) = await client.answer(to: request)
      #expect(answers.components(separatedBy: "HTTP/1.1 200 OK").count == 22)
      #expect(isClosed)
    }
  }

  /// Bytes that keep coming move no deadline.
  @Test(arguments: [
    "GET /healthz HTTP/1.1\r\nHost: test\r\nX-Slow: ",
    "POST /v1/leaked HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n",
  ])
  func tricklingDoesNotHelp(_ head: String) async throws {
    try await ServerRig.run(server: { $0.requestTimeout = .milliseconds(500) }) { rig in
      let client = try TricklingClient(port: rig.client.port)
      let sent = await client.trickle(head)
      // The server closed it: else all of them would have gone.
      #expect(sent < TricklingClient.most)
      #expect(try await rig.client.request("GET", "/healthz").status == 200)
    }
  }

  /// Who asks for much and takes nothing of it is closed too, although every request of theirs is complete.
  @Test(arguments: ["/openapi.yaml", "/auth"])
  func answersThatAreNotTakenAreNotWaitedFor(_ path: String) async throws {
    try await ServerRig.run(server: {
      $0.requestTimeout = .milliseconds(500)
      $0.signalWriteTimeout = .milliseconds(100)
      $0.signalHeartbeat = .milliseconds(100)
    }) { rig in
      let client = try TricklingClient(port: rig.client.port)
      let request = "GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n"
      // Some 70 KiB each, or 400 bytes: more than any socket's buffers hold.
      let count = path == "/auth" ? 100_000 : 500
      let sent = await client.trickle(String(repeating: request, count: count), every: request)
      #expect(sent < TricklingClient.most)
    }
  }

  /// A hundred that say nothing take all places; whoever comes then waits until their time is up.
  @Test func connectionsAreBoundedAndComeFreeAgain() async throws {
    try await ServerRig.run(server: {
      $0.maxConnections = 100
      $0.requestTimeout = .seconds(2)
    }) { rig in
      let idle = try (0..<100).map { _ in try TricklingClient(port: rig.client.port) }
      #expect(try await rig.client.request("GET", "/healthz").status == 200)
      // The server had to let one of them go first.
      #expect(idle.contains { $0.isClosedByNow })
    }
  }

  @Test func oversizedHeadsAndDeepBodiesAreRefused() async throws {
    try await ServerRig.run { rig in
      let large = try await rig.client.request(
        "GET", "/healthz", headers: [("X-Large", String(repeating: "x", count: 40_000))])
      #expect(large.status == 400 || large.status == 431)
      let many = try await rig.client.request(
        "GET", "/healthz", headers: (0..<500).map { ("X-\($0)", "y") })
      #expect(many.status == 400 || many.status == 431)
      let deep = String(repeating: "[", count: 30_000)
      let answer = try await rig.client.json(
        "POST", "/v1/keys", token: rig.admin, #"{"name": "n", "metadata": {"a": \#(deep)"#)
      #expect(answer.status == 400)
      #expect(try await rig.client.request("GET", "/healthz").status == 200)
    }
  }
}

/// A connection on which bytes are sent one at a time.
final class TricklingClient: Sendable {
  /// A minute's worth.
  static let most = 6_000
  private let descriptor: Int32

  init(port: Int) throws {
    #if canImport(Glibc)
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, length)
      }
    }
    try #require(result == 0, "\(String(cString: strerror(errno)))")
  }

  deinit { close(descriptor) }

  /// Sends a head, and then a byte every ten milliseconds until the other end has closed.
  /// - Returns: how many bytes went after the head.
  func trickle(_ head: String, every piece: String = "x") async -> Int {
    guard write(head) else { return 0 }
    for sent in 0..<Self.most {
      guard write(piece) else { return sent }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return Self.most
  }

  /// Sends this again and again, and reads nothing.
  func repeats(_ text: String, _ times: Int, every pause: Duration) async {
    for _ in 0..<times {
      guard write(text) else { return }
      try? await Task.sleep(for: pause)
    }
  }

  /// Sends this and nothing more: what comes back, and whether the other end closed, for which it has a minute.
  func answer(to text: String) async -> (text: String, isClosed: Bool) {
    _ = write(text)
    return await withCheckedContinuation { continuation in
      Thread.detachNewThread { [descriptor] in
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(
          descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        var count = recv(descriptor, &buffer, buffer.count, 0)
        while count > 0 {
          answer += buffer[..<count]
          count = recv(descriptor, &buffer, buffer.count, 0)
        }
        let isClosed = count == 0 || errno == ECONNRESET
        continuation.resume(returning: (String(decoding: answer, as: UTF8.self), isClosed))
      }
    }
  }

  /// Whether something has come back that nobody has read.
  var hasAnswer: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)) == 1
  }

  /// Whether the other end has closed already.
  var isClosedByNow: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
    return count == 0 || (count < 0 && errno == ECONNRESET)
  }

  /// Whether all of it went. What finds no room within some seconds is as good as refused.
  private func write(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        send(descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, noSignal)
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  #if canImport(Darwin)
    private let noSignal: Int32 = 0
  #else
    private let noSignal = Int32(MSG_NOSIGNAL)
  #endif
}
